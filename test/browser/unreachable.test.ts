import { describe, expect, it } from 'vitest';
import { freePort } from '../support/free_port.ts';
import { startInstance } from '../support/instance.ts';
import { startConsole } from './console_process.ts';
import { figure, openDashboard, pathIsWhole, runLoadTest, screenshot, streamedPerInstance } from './dashboard_page.ts';
import { stackInBrowser } from './stack_in_browser.ts';

const ONE = ['--instances', '1'];
const { stack, browser } = await stackInBrowser(undefined, ONE);

describe('a page that gets no answer', () => {
  it('says what to do about a certificate that the browser does not trust', async () => {
    const { page } = await openDashboard(browser, stack.dashboard, { ignoreHTTPSErrors: false });
    const alert = page.getByRole('alert');
    await alert.getByText(`does not trust the certificate of ${stack.url}`).waitFor();
    expect(await alert.getByRole('link', { name: stack.url }).getAttribute('href')).toBe(`${stack.url}/`);
    await alert.getByText('./weir status').waitFor();
    await alert.getByText('./weir doctor').waitFor();
    expect(await page.locator('body').textContent()).not.toContain('Failed to fetch');
    await screenshot(page, 'certificate');
    await page.context().close();
  });

  it('says that NGINX is down, also after a run that got nothing', async () => {
    const closed = await freePort();
    const own = await startConsole(`https://localhost:${closed}/api/v1`, await freePort());
    const { page } = await openDashboard(browser, own.url);
    const alert = page.getByRole('alert');
    await alert.getByText(`Nothing listens at https://localhost:${closed}.`).waitFor();
    await alert.getByText('./weir start --all').waitFor();
    await page.getByRole('button', { name: 'Run Load Test' }).click();
    await page.getByText(/no stream completed/i).waitFor();
    expect(await figure(page, 'Failed')).toBe(30);
    expect(await page.locator('body').textContent()).not.toContain('Failed to fetch');
    await screenshot(page, 'nginx-down');
    await page.context().close();
    await own.stop();
  });

  it('says so when the whole stack stops, and goes on by itself when it is back', async () => {
    const { page } = await openDashboard(browser, `${stack.dashboard}/#/stream`, { colorScheme: 'dark' });
    await pathIsWhole(page, '1 of 1 ready');
    await page.getByRole('button', { name: 'Ask' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    await answer.getByText('Streaming', { exact: true }).waitFor();
    await stack.weir(['stop', '--now']);
    await page.getByRole('alert').getByText('./weir start --all').waitFor();
    await answer.getByText('The API does not answer; retrying').waitFor();
    expect(await page.getByRole('button', { name: /^Kill/ }).isDisabled()).toBe(true);
    await screenshot(page, 'disconnected-dark');
    await stack.start(ONE);
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await page.context().close();
  });
});

describe('a page whose API is one instance', () => {
  it('says in red that the requests bypassed NGINX, and reads three and seven of ten', async () => {
    const port = await freePort();
    const instance = await startInstance({ CORS_ORIGINS: `http://localhost:${port}` });
    const own = await startConsole(`${instance.url}/api/v1`, port);
    const { page } = await openDashboard(browser, own.url);
    await page.getByRole('alert').getByText('These requests bypassed NGINX').waitFor();
    await pathIsWhole(page, '1 of 1 ready');
    await runLoadTest(page, 10, 10);
    expect(await figure(page, 'Completed')).toBe(3);
    expect(await figure(page, 'Refused 429')).toBe(7);
    expect(await streamedPerInstance(page)).toEqual({ 'app-1': 3 });
    await screenshot(page, 'bypassed');
    await page.context().close();
    await own.stop();
    await instance.stop();
  });
});

describe('the looks', () => {
  it('follow the system, or the choice, which a reload keeps', async () => {
    const { page } = await openDashboard(browser, stack.dashboard, { colorScheme: 'dark' });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    await page.getByRole('button', { name: 'Light' }).click();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    await pathIsWhole(page, '1 of 1 ready');
    expect(await ground()).toBe(light);
    await page.getByRole('button', { name: 'System' }).click();
    expect(await ground()).toBe(dark);
    await page.context().close();
  });

  it('stand still for those who ask for reduced motion', async () => {
    const { page } = await openDashboard(browser, stack.dashboard, { reducedMotion: 'no-preference' });
    await pathIsWhole(page, '1 of 1 ready');
    await page.keyboard.press('r');
    await page.locator('.path-line[data-flow="true"]').first().waitFor();
    expect(await page.evaluate('document.getAnimations().length')).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.locator('.path-line[data-flow="true"]').first().waitFor();
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    await page.context().close();
  });
});
