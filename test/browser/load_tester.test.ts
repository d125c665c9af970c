import { afterAll, describe, expect, it } from 'vitest';
import { startMockOpenai } from '../support/mock_openai.ts';
import { along, routeFile } from '../support/route_files.ts';
import {
  docImage,
  figure,
  openDashboard,
  pathIsWhole,
  runLoadTest,
  screenshot,
  streamedPerInstance,
} from './dashboard_page.ts';
import { stackInBrowser } from './stack_in_browser.ts';

const config = routeFile({});
const provider = await startMockOpenai();
const { stack, browser } = await stackInBrowser(undefined, ['--config', config.file]);
afterAll(async () => {
  config[Symbol.dispose]();
  await provider.close();
});

describe('the load tester', () => {
  it('reads nine and one of ten at once, three per instance', async () => {
    const { page, errors } = await openDashboard(browser, stack.dashboard);
    await pathIsWhole(page);
    await screenshot(page, 'load-empty');
    await runLoadTest(page, 10, 10);
    expect(await figure(page, 'Completed')).toBe(9);
    expect(await figure(page, 'Refused 429')).toBe(1);
    expect(await figure(page, 'Refused 503')).toBe(0);
    expect(await figure(page, 'Failed')).toBe(0);
    expect(await figure(page, 'Truncated')).toBe(0);
    expect(await streamedPerInstance(page)).toEqual({ 'app-1': 3, 'app-2': 3, 'app-3': 3 });
    await page.getByText('The limiter works as intended.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('reads 27 and 3 of thirty, ten at once', async () => {
    const { page } = await openDashboard(browser, stack.dashboard);
    await pathIsWhole(page);
    await runLoadTest(page, 10, 30);
    expect(await figure(page, 'Completed')).toBe(27);
    expect(await figure(page, 'Refused 429')).toBe(3);
    expect(await figure(page, 'Tokens')).toBe(2700);
    expect(await streamedPerInstance(page)).toEqual({ 'app-1': 9, 'app-2': 9, 'app-3': 9 });
    await screenshot(page, 'load-finished');
    await docImage(page, 'dashboard', 1_136);
    await page.context().close();
  });

  it('works at the balancer’s own address too, and shows there what is kept after a login', async () => {
    const { page } = await openDashboard(browser, `${stack.url}/`);
    await pathIsWhole(page);
    await page.getByText(`API ${new URL(stack.api).href}`).waitFor();
    await runLoadTest(page, 9, 9);
    expect(await figure(page, 'Completed')).toBe(9);
    await page.goto(`${stack.url}/#/runs`);
    await page.getByRole('heading', { name: 'Log in to see the runs' }).waitFor();
    const { stdout } = await stack.weir(['dashboard']);
    const link = /through NGINX +(\S+)/.exec(stdout)?.[1] ?? '';
    await page.goto(link);
    await pathIsWhole(page);
    expect(page.url()).toBe(`${stack.url}/`);
    await runLoadTest(page, 9, 9);
    await page.goto(`${stack.url}/#/runs`);
    await page.getByRole('row', { name: /9 concurrent, 9 requests.* server/ }).waitFor();
    await page.goto(link);
    await page.getByText('This link is no longer valid').waitFor();
    await screenshot(page, 'login-used');
    await page.context().close();
  });

  it('is run and stopped from the keyboard', async () => {
    const { page } = await openDashboard(browser, stack.dashboard);
    await pathIsWhole(page);
    const run = page.getByRole('button', { name: 'Run Load Test' });
    const isFocused = 'document.activeElement.textContent === "Run Load Test"';
    for (let presses = 0; presses < 30 && !(await page.evaluate(isFocused)); presses++)
      await page.keyboard.press('Tab');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText(/You stopped the run after/).waitFor();
    await run.waitFor();
    await page.keyboard.press('2');
    await page.getByRole('heading', { name: 'Instances' }).waitFor();
    await page.context().close();
  });
});

describe('the overview', () => {
  it('shows every instance, and does not tilt the balance while it is open', async () => {
    const { page, errors } = await openDashboard(browser, `${stack.dashboard}/#/overview`);
    await pathIsWhole(page);
    await page.getByText('Live', { exact: true }).waitFor();
    for (let round = 0; round < 3; round++) {
      const report = await stack.load(['-c', '10', '-n', '10']);
      expect([report.outcomes.ok, report.outcomes['429']]).toEqual([9, 1]);
      expect(Object.values(report.instances).map(({ ok }) => ok)).toEqual([3, 3, 3]);
    }
    expect(await page.locator('tbody th').allInnerTexts()).toHaveLength(3);
    await screenshot(page, 'overview');
    const running = stack.weir(['load', '-c', '9', '-n', '9']);
    await page.getByRole('region', { name: 'Path of a request' }).getByText(/^9 of/).waitFor();
    await docImage(page, 'overview');
    await running;
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('a route of the configuration', () => {
  it('is chosen instead of a provider, names its targets, and is what the run and the live stream ask', async () => {
    config.write({
      providers: {
        house: { base_url: provider.url },
        vectors: { base_url: provider.url, capabilities: { speaks: ['embeddings'] } },
      },
      routes: { smart: along('house/mock-3x0', 'fake/demo') },
    });
    expect((await stack.weir(['reload'])).code).toBe(0);
    const { page, errors } = await openDashboard(browser, stack.dashboard);
    await pathIsWhole(page);
    const choice = page.getByLabel('Provider or route');
    const groups = choice.locator('optgroup');
    await groups.nth(1).waitFor({ state: 'attached' });
    expect(await groups.evaluateAll((all) => all.map((group) => [group.label, group.textContent]))).toEqual([
      ['Providers', 'fakehouse'],
      ['Routes', 'smart'],
    ]);
    await choice.selectOption('smart');
    await page.getByText('Tries house/mock-3x0, then fake/demo.').waitFor();
    expect(await page.getByLabel('Model', { exact: true }).count()).toBe(0);
    await screenshot(page, 'load-route');
    // A link brings the choice along.
    await page.reload();
    await page.getByText('Tries house/mock-3x0, then fake/demo.').waitFor();
    await runLoadTest(page, 2, 4);
    expect(await figure(page, 'Completed')).toBe(4);
    expect(provider.requests.map(({ body }) => body.model)).toEqual(Array(4).fill('mock-3x0'));

    await page.goto(`${stack.dashboard}/#/stream`);
    await choice.selectOption('smart');
    await page.getByRole('button', { name: 'Ask' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    await answer.getByText('Complete').waitFor();
    expect(await answer.locator('.stream-text').textContent()).toContain('word word word');
    expect(provider.requests).toHaveLength(5);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
