import { expect, it } from 'vitest';
import { SAMPLE_FINDINGS, SAMPLE_USAGE, sampleRun } from '../support/sample_runs.ts';
import { until } from '../support/until.ts';
import { openDashboard, pathIsWhole, screenshot } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, fake } = await fakeInBrowser();
const narrow = { width: 320, height: 800 };

// One page through all screens and both themes: opening one costs more than all that is asked of it.
it('320 pixels hold every screen without scrolling sideways, light and dark', async () => {
  const runs = [sampleRun('fast', 100), sampleRun('slow', 400, 1)];
  const console = await fake({ streamMs: 300, findings: [...SAMPLE_FINDINGS], runs, usage: SAMPLE_USAGE });
  const { page } = await openDashboard(browser, console.url, { viewport: narrow });
  await pathIsWhole(page);
  const show: Record<string, () => Promise<void>> = {
    // Before there are others.
    runs: async () => {
      await page.getByRole('checkbox').nth(0).check();
      await page.getByRole('checkbox').nth(1).check();
      await page.getByText('A is better').first().waitFor();
    },
    load: async () => {
      await page.getByText('Advanced').click();
      await page.getByRole('button', { name: 'Run Load Test' }).click();
      await page.getByText('The limiter works as intended.').waitFor();
      // A window that was wide: the chart shrinks with it.
      const chart = () => page.evaluate<number>('document.querySelector(".uplot").clientWidth');
      await page.setViewportSize({ width: 700, height: 800 });
      await until('the chart is wide', async () => (await chart()) > 500);
      await page.setViewportSize(narrow);
      await until('the chart is narrow', async () => (await chart()) < 320);
    },
    'load/balancer': async () => {
      await page.getByRole('button', { name: 'Run the comparison' }).click();
      await page.getByText('The same 10 requests').waitFor();
    },
    'load/failover': () => page.getByRole('button', { name: 'Start the drill' }).waitFor(),
    overview: () => page.getByRole('region', { name: 'Instances', exact: true }).waitFor(),
    stream: () => page.getByText('Live answer').waitFor(),
    doctor: () => page.getByText('app-2 does not answer.').waitFor(),
    usage: () => page.getByRole('row', { name: /alice/ }).waitFor(),
  };
  for (const [screen, isShown] of Object.entries(show)) {
    await page.evaluate(`window.location.hash = '#/${screen}'`);
    await isShown();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(overflow), `${screen}, ${colorScheme}`).toBeLessThanOrEqual(0);
      await screenshot(page, `narrow-${screen.replace('/', '-')}-${colorScheme}`);
    }
  }
  await page.context().close();
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
