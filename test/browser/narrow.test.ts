import { describe, expect, it } from 'vitest';
import { SAMPLE_FINDINGS, SAMPLE_USAGE, sampleRun } from '../support/sample_runs.ts';
import { openDashboard, pathIsWhole, screenshot } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, fake } = await fakeInBrowser();
const SCREENS = ['load', 'load/balancer', 'load/failover', 'overview', 'runs', 'stream', 'doctor', 'usage'] as const;

describe.each(['light', 'dark'] as const)('320 pixels, %s', (colorScheme) => {
  it.each(SCREENS)('hold the screen %s without scrolling sideways', async (screen) => {
    const runs = [sampleRun('fast', 100), sampleRun('slow', 400, 1)];
    const console = await fake({ streamMs: 300, findings: [...SAMPLE_FINDINGS], runs, usage: SAMPLE_USAGE });
    const viewport = { width: 320, height: 800 };
    const { page } = await openDashboard(browser, `${console.url}/#/${screen}`, { colorScheme, viewport });
    await pathIsWhole(page);
    if (screen === 'load') {
      await page.getByText('Advanced').click();
      await page.getByRole('button', { name: 'Run Load Test' }).click();
      await page.getByText('The limiter works as intended.').waitFor();
    } else if (screen === 'load/balancer') {
      await page.getByRole('button', { name: 'Run the comparison' }).click();
      await page.getByText('The same 10 requests').waitFor();
    } else if (screen === 'runs') {
      await page.getByRole('checkbox').nth(0).check();
      await page.getByRole('checkbox').nth(1).check();
      await page.getByText('A is better').first().waitFor();
    } else if (screen === 'doctor') {
      await page.getByText('app-2 does not answer.').waitFor();
    } else if (screen === 'usage') {
      await page.getByRole('row', { name: /alice/ }).waitFor();
    }
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
    await screenshot(page, `narrow-${screen.replace('/', '-')}-${colorScheme}`);
    await page.context().close();
  });
});

it('a dialog covers the path, which is over all else', async () => {
  const console = await fake({});
  const { page } = await openDashboard(browser, console.url, { viewport: { width: 375, height: 800 } });
  await pathIsWhole(page);
  await page.getByRole('button', { name: 'Keys and terms' }).click();
  await page.getByRole('dialog').waitFor();
  const { x, y, width, height } = (await page.getByLabel('Path of a request').boundingBox())!;
  const topmost = `document.elementFromPoint(${x + width / 2}, ${y + height / 2})`;
  expect(await page.evaluate(`${topmost}.closest('section')?.ariaLabel ?? 'the dialog'`)).toBe('the dialog');
  await page.context().close();
});
