import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { docImage, figure, openDashboard, pathIsWhole, runLoadTest, screenshot } from './dashboard_page.ts';
import { stackInBrowser } from './stack_in_browser.ts';

const { stack, browser } = await stackInBrowser();

describe('with and without the balancer', () => {
  it('reads nine and one beside three and seven, on one screen', async () => {
    const { page, errors } = await openDashboard(browser, `${stack.dashboard}/#/load/balancer`);
    await pathIsWhole(page);
    await page.getByRole('button', { name: 'Run the comparison' }).click();
    await page.getByText('9 streamed over 3 instances, 3 on one instance').waitFor({ timeout: 60_000 });
    const numbers = (name: string) => page.getByRole('region', { name }).locator('dl dd').allInnerTexts();
    expect(await numbers('Through NGINX')).toEqual(['9', '1']);
    expect(await numbers('Directly to app-1')).toEqual(['3', '7']);
    const alone = page.getByRole('region', { name: 'Directly to app-1' });
    expect(await alone.getByText('idle, 3 free').count()).toBe(2);
    await screenshot(page, 'comparison');
    await docImage(page, 'comparison', 760);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('the failover drill', () => {
  it('kills an instance under six streams, and ends with 0 tokens lost', async () => {
    const { page, errors } = await openDashboard(browser, `${stack.dashboard}/#/load/failover`);
    await pathIsWhole(page);
    const before = await stack.pid('app-2');
    await page.getByRole('button', { name: 'Start the drill' }).click();
    await page.getByRole('button', { name: 'Kill app-2' }).click();
    const drill = page.getByRole('region', { name: 'Failover drill', exact: true });
    await drill.getByText('0 tokens lost').waitFor({ timeout: 60_000 });
    await drill.getByText(/app-2 was killed. [1-6] of 6 streams continued on other instances/).waitFor();
    expect(await drill.getByText('correct', { exact: true }).count()).toBe(6);
    expect(await drill.locator('tbody tr td:nth-of-type(2)').allInnerTexts()).toEqual(Array(6).fill('160'));
    const epochs = await drill.locator('tbody tr td:nth-of-type(3)').allInnerTexts();
    expect(epochs).toContain('2');
    await until('app-2 is back', async () => (await stack.pid('app-2').catch(() => before)) !== before, 30_000);
    await screenshot(page, 'failover');
    await docImage(page, 'failover', 790);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('the live stream', () => {
  it('outlives its instance and a reload of the page, and ends when it is cancelled', async () => {
    const { page } = await openDashboard(browser, `${stack.dashboard}/#/stream`);
    await pathIsWhole(page);
    const answer = page.getByRole('region', { name: 'Answer' });
    const count = answer
      .locator('div', { has: page.getByText('Tokens') })
      .locator('dd')
      .first();
    const tokens = async () => Number(((await count.textContent()) ?? '').replaceAll(',', ''));
    await page.getByRole('button', { name: 'Ask' }).click();
    await until('some tokens', async () => (await tokens()) > 20);
    await page.getByRole('button', { name: /^Kill app-\d$/ }).click();
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: /^Kill app-/ })
      .click();
    await answer.getByText('Streaming').waitFor();
    const had = await tokens();
    await until('more tokens', async () => (await tokens()) > had + 20);
    await page.reload();
    await answer.getByText('resumed after a reload').waitFor();
    await until('all tokens again', async () => (await tokens()) > had + 20);
    await page.keyboard.press('Escape');
    await answer.getByText('Cancelled').waitFor();
    await page.reload();
    await page.getByText('Live answer').waitFor();
    await pathIsWhole(page);
    await until('no stream is open', () => page.getByText(/\b0 of [\d,]+ slots/).isVisible());
    await page.context().close();
  });
});

describe('the history', () => {
  it('holds runs of both engines, with their files', async () => {
    const { page } = await openDashboard(browser, stack.dashboard);
    await pathIsWhole(page);
    await runLoadTest(page, 3, 3);
    await page.getByRole('button', { name: 'This browser' }).click();
    await runLoadTest(page, 3, 6);
    expect(await figure(page, 'Completed')).toBe(6);
    const link = page.getByRole('link', { name: 'CSV', exact: true });
    await link.waitFor();
    for (const kind of ['JSON', 'CSV', 'HTML']) {
      const href = await page.getByRole('link', { name: kind, exact: true }).getAttribute('href');
      const response = await page.request.get(`${stack.dashboard}${href}`);
      expect([kind, response.status()]).toEqual([kind, 200]);
    }
    await page.keyboard.press('3');
    const rows = page.getByRole('region', { name: 'Runs, table' }).locator('tbody tr');
    await rows.filter({ hasText: 'browser' }).first().waitFor();
    await rows.filter({ hasText: 'server' }).first().waitFor();
    await screenshot(page, 'runs');
    await page.context().close();
  });
});
