import { describe, expect, it } from 'vitest';
import { SAMPLE_FINDINGS, sampleRun } from '../support/sample_runs.ts';
import { until } from '../support/until.ts';
import { openDashboard, pathIsWhole } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, fake } = await fakeInBrowser();

describe('without a pointer', () => {
  it('every screen is a digit away, help a question mark, and Esc closes it without stopping the run', async () => {
    const console = await fake({ streamMs: 4_000, findings: [...SAMPLE_FINDINGS], runs: [sampleRun('one', 100)] });
    const { page } = await openDashboard(browser, console.url);
    await pathIsWhole(page);
    await page.keyboard.press('r');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    for (const [key, title] of [
      ['2', 'Overview · Weir'],
      ['3', 'Runs · Weir'],
      ['4', 'Live stream · Weir'],
      ['5', 'Doctor · Weir'],
      ['6', 'Usage · Weir'],
      ['1', 'Load tester · Weir'],
    ] as const) {
      await page.keyboard.press(key);
      await until(title, async () => (await page.title()) === title);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Keys', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Run Load Test' }).waitFor();
    await page.context().close();
  });

  it('letters are text where text is typed', async () => {
    const console = await fake();
    const { page } = await openDashboard(browser, console.url);
    await pathIsWhole(page);
    await page.getByLabel('Prompt').fill('');
    await page.getByLabel('Prompt').pressSequentially('r 2 p ?');
    expect(await page.getByLabel('Prompt').inputValue()).toBe('r 2 p ?');
    expect(await page.title()).toBe('Load tester · Weir');
    expect(console.asked).not.toContain('POST /api/runs');
    await page.context().close();
  });

  it('the failover drill asks first, and Esc means no', async () => {
    const console = await fake();
    const { page } = await openDashboard(browser, `${console.url}/#/load/failover`);
    await pathIsWhole(page);
    await page.getByRole('button', { name: 'Start the drill' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').getByText('Kill an instance?').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(console.asked).not.toContain('POST /api/drills');
    await page.context().close();
  });
});
