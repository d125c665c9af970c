import { expect, it } from 'vitest';
import { figure, openDashboard, pathIsWhole, runLoadTest } from './dashboard_page.ts';
import { stackInBrowser } from './stack_in_browser.ts';

const { stack, browser } = await stackInBrowser(undefined, ['--instances', '1', '--max-per-user', '60']);

it('the browser streams fifty at once over one HTTP/2 connection, where HTTP/1.1 would allow six', async () => {
  const { page } = await openDashboard(browser, `${stack.url}/`);
  await pathIsWhole(page, '1 of 1 ready');
  await page.getByText('at most 100').waitFor();
  const path = page.getByRole('region', { name: 'Path of a request' });
  await path.getByText('h2 · certificate accepted').waitFor();
  await runLoadTest(page, 50, 100);
  expect(await figure(page, 'Completed')).toBe(100);
  expect(await figure(page, 'Refused 429')).toBe(0);
  const lanes = page.getByRole('region', { name: 'Lanes one per instance' });
  await lanes.getByText('Show as a table').click();
  const most = await lanes.locator('tbody tr td:nth-of-type(3)').allInnerTexts();
  expect(most.map(Number).reduce((sum, n) => sum + n)).toBeGreaterThan(40);
  await page.context().close();
});
