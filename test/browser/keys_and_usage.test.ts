import { describe, expect, it } from 'vitest';
import type { UsageRow } from '../../src/formats/cluster/usage_row.ts';
import { SAMPLE_USAGE } from '../support/sample_runs.ts';
import { openDashboard, pathIsWhole, screenshot } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, fake, open } = await fakeInBrowser();

describe('the usage', () => {
  it('is empty, can not be read, and is added up by key, model, user and day', async () => {
    const { page, console } = await open({}, '#/usage');
    await page.getByRole('heading', { name: 'No usage yet' }).waitFor();
    console.script.console = 'fails';
    const { page: other } = await openDashboard(browser, `${console.url}/#/usage`);
    await other.getByText('The history is locked.').waitFor();
    console.script.console = 'answers';
    console.script.usage = SAMPLE_USAGE;
    await other.getByRole('button', { name: 'Retry' }).click();
    const table = other.getByRole('region', { name: 'Usage, table' });
    await table.getByRole('row', { name: 'alice (ab12cd34) 491 472 15 4 220,000 10 % 369,000 11,100 $3.61' }).waitFor();
    await table.getByRole('row', { name: 'nightly evaluation (ef56ab78) 33 30 0 3 330 10 % 3,000 3,330 –' }).waitFor();
    await other.getByLabel('Group by').selectOption('model');
    await table.getByRole('row', { name: /^openai\/smart 324 310 11 3/ }).waitFor();
    await other.getByLabel('Group by').selectOption('user');
    await other.getByText('Only keys that act for users have any').waitFor();
    const { day: _, provider: __, model: ___, ...counts } = SAMPLE_USAGE.rows[0] as UsageRow;
    console.script.usage = { ...SAMPLE_USAGE, users: [{ ...counts, user: 'u-1842' }] };
    await table.getByRole('row', { name: /^alice \(ab12cd34\) \/ u-1842 125 120 4 1/ }).waitFor();
    await other.getByLabel('Group by').selectOption('day');
    await table.getByRole('row', { name: /^2026-11-25 75 72 0 3/ }).waitFor();
    const bars = other.getByRole('list', { name: 'Tokens per day' }).getByRole('listitem');
    expect(await bars.count()).toBe(7);
    expect(await bars.nth(0).textContent()).toBe('2026-11-19: 0 input, 0 output');
    await screenshot(other, 'usage-light');
    await other.emulateMedia({ colorScheme: 'dark' });
    await screenshot(other, 'usage-dark');
    await page.context().close();
    await other.context().close();
  });
});

describe('a visitor who is not logged in', () => {
  it('is shown what a login gives, and how to log in, light and dark, on wide and narrow screens', async () => {
    const console = await fake({ login: true, usage: SAMPLE_USAGE });
    const { page } = await openDashboard(browser, console.url);
    await pathIsWhole(page);
    const command = page.getByRole('main').getByText('./weir dashboard', { exact: true });
    const look = async (screen: string) => {
      await command.waitFor();
      for (const width of [375, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        for (const colorScheme of ['dark', 'light'] as const) {
          await page.emulateMedia({ colorScheme });
          const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
          expect(await page.evaluate(overflow), `${screen}, ${width}, ${colorScheme}`).toBeLessThanOrEqual(0);
          await screenshot(page, `login-${screen}-${width}-${colorScheme}`);
        }
      }
    };
    await page.getByText('Log in to send from the server').waitFor();
    await look('load');
    const screens = {
      'load/balancer': 'Log in to run this comparison',
      'load/failover': 'Log in to run the drill',
      runs: 'Log in to see the runs',
      doctor: 'Log in to see the checks',
      usage: 'Log in to see the usage',
    };
    for (const [screen, title] of Object.entries(screens)) {
      await page.evaluate(`window.location.hash = '#/${screen}'`);
      await page.getByRole('heading', { name: title }).waitFor();
      await look(screen.replace('/', '-'));
    }
    await page.evaluate("window.location.hash = '#/stream'");
    await page.getByText('Log in to kill the instance').waitFor();
    await look('stream');
    expect(console.asked).toEqual([]);
    // The link was opened, in another tab.
    console.script.login = false;
    await page.evaluate("window.location.hash = '#/usage'");
    await page.getByRole('button', { name: 'I have logged in: reload' }).click();
    await page.getByRole('row', { name: /alice/ }).waitFor();
    await page.context().close();
  });
});

describe('a key that the API asks for', () => {
  it('is asked for in its place, sent along, kept for the tab, and asked for again where it is wrong', async () => {
    const { page } = await open({ apiKey: 'weir_right' });
    await pathIsWhole(page);
    const field = page.getByLabel('API key', { exact: true });
    await field.fill('weir_wrong');
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.getByText('This API key is not known.').waitFor();
    await field.fill('weir_right');
    await screenshot(page, 'api-key');
    await page.keyboard.press('Enter');
    await field.waitFor({ state: 'detached' });
    await page.reload();
    await pathIsWhole(page);
    await page.getByLabel('Provider').locator('option', { hasText: 'openai' }).waitFor({ state: 'attached' });
    expect(await field.count()).toBe(0);
    expect(page.url()).not.toContain('weir_right');
    await page.context().close();
  });
});
