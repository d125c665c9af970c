import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { SAMPLE_FINDINGS, SAMPLE_USAGE, sampleRun } from '../support/sample_runs.ts';
import { openDashboard, pathIsWhole } from './dashboard_page.ts';
import { fakeInBrowser } from './fake_in_browser.ts';

const { browser, fake } = await fakeInBrowser();

/** What breaks WCAG 2 A or AA, as axe sees it: rule, and the elements that break it. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`);
  return found as string[];
}

describe.each(['light', 'dark'] as const)('every screen, %s', (colorScheme) => {
  it('has nothing that axe objects to', async () => {
    const runs = [sampleRun('fast', 100), sampleRun('slow', 400)];
    const console = await fake({ streamMs: 500, findings: [...SAMPLE_FINDINGS], usage: SAMPLE_USAGE, runs });
    const { page } = await openDashboard(browser, console.url, { colorScheme });
    await pathIsWhole(page);
    const seen: Record<string, string[]> = {};
    const look = async (name: string) => {
      seen[name] = await violations(page);
    };
    await look('load, empty');
    await page.getByText('Advanced').click();
    await page.keyboard.press('r');
    await page.getByText('Live', { exact: true }).waitFor();
    await look('load, live');
    await page.getByText('The limiter works as intended.').waitFor();
    for (const summary of await page.getByText('Show as a table').all()) await summary.click();
    await look('load, finished');
    await page.getByRole('link', { name: 'With and without the balancer' }).click();
    await page.getByRole('button', { name: 'Run the comparison' }).click();
    await page.getByText('The same 10 requests').waitFor();
    await look('comparison');
    await page.getByRole('link', { name: 'Failover drill' }).click();
    await page.getByRole('button', { name: 'Start the drill' }).click();
    await page.getByRole('alertdialog').waitFor();
    await look('failover, asking');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await page.keyboard.press('2');
    await page.getByRole('region', { name: 'Instances', exact: true }).waitFor();
    await look('overview');
    await page.keyboard.press('3');
    await page.getByRole('checkbox').nth(2).check();
    await page.getByRole('checkbox').nth(3).check();
    await page.getByText('A is better').first().waitFor();
    await look('runs');
    await page.keyboard.press('4');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('region', { name: 'Answer' }).waitFor();
    await look('stream');
    await page.keyboard.press('5');
    await page.getByText('app-2 does not answer.').waitFor();
    await look('doctor');
    await page.keyboard.press('6');
    await page.getByRole('row', { name: /alice/ }).waitFor();
    await look('usage');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await look('help');
    console.script.cluster = 'gone';
    await page.keyboard.press('Escape');
    await page.getByRole('alert').waitFor();
    await look('unreachable');
    expect(Object.entries(seen).filter(([, found]) => found.length > 0)).toEqual([]);
    await page.context().close();
  });
});
