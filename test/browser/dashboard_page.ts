import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Debian's; the shell, which has no windows, opens a page with half the CPU. */
const PROGRAMS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** Chromium runs as root in containers, hence without its sandbox. */
export function launchBrowser(args: string[] = [], env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const executablePath = PROGRAMS.find((program) => existsSync(program));
  if (executablePath === undefined) throw new Error(`there is no ${PROGRAMS.join(' and no ')}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args], env });
}

/**
 * The dashboard in a fresh profile that trusts every certificate and asks for reduced motion, unless `options` say
 * otherwise: moving lines, drawn without a graphics card, are half of the work of a page.
 */
export async function openDashboard(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    // Else it is the shell's, which may be none that a page can use.
    locale: 'en-US',
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors };
}

/** Waits until the cluster is heard, so that what follows measures the stack and not the start of the page. */
export function pathIsWhole(page: Page, words = '3 of 3 ready'): Promise<void> {
  return page.getByRole('region', { name: 'Path of a request' }).getByText(words).waitFor();
}

/** Types the numbers, runs the test, and resolves when the page says that it has finished. */
export async function runLoadTest(page: Page, concurrency: number, requests: number): Promise<void> {
  await page.getByLabel('Concurrency', { exact: false }).first().fill(`${concurrency}`);
  await page.getByLabel('Total requests', { exact: false }).first().fill(`${requests}`);
  await page.getByRole('button', { name: 'Run Load Test' }).click();
  await finished(page);
}

async function finished(page: Page): Promise<void> {
  const result = page.getByRole('region', { name: 'Result' });
  await until('the end of the run', async () => /completed/.test((await result.textContent()) ?? ''), 60_000);
}

/** The number above a label, such as `Completed`. */
export async function figure(page: Page, label: string): Promise<number> {
  const entry = page.locator('dl > div', { has: page.locator(`dt:text-is("${label}")`) });
  return Number.parseInt(((await entry.locator('dd').first().textContent()) ?? '').replaceAll(',', ''), 10);
}

/** Column `Streamed` of the table of instances, by instance. */
export async function streamedPerInstance(page: Page): Promise<Record<string, number>> {
  const table = page.locator('section', { has: page.getByRole('heading', { name: 'Streams per instance' }) });
  const names = await table.locator('tbody th').allInnerTexts();
  const counts = await table.locator('tbody tr td:nth-of-type(2)').allInnerTexts();
  // The mark's letter stands before the name.
  return Object.fromEntries(names.map((name, index) => [name.split('\n').at(-1)!.trim(), Number(counts[index])]));
}

/** The pictures of the documents are taken anew; on a machine that has the ports free which the documents name. */
export const UPDATES_IMAGES = process.env.UPDATE_SCREENSHOT === '1';

/** A picture of the documents: what fits into `height` of a window of 1280, or all of it. */
export async function docImage(page: Page, name: string, height?: number): Promise<void> {
  if (!UPDATES_IMAGES) return;
  const file = path.join(ROOT, `docs/images/${name}.png`);
  await page.screenshot({
    path: file,
    ...(height ? { clip: { x: 0, y: 0, width: 1280, height } } : {}),
    fullPage: true,
  });
}

/** Keeps a picture for people who look at a run of the tests, where WEIR_SCREENSHOTS is 1: it takes half a second of CPU. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (process.env.WEIR_SCREENSHOTS !== '1') return;
  const folder = path.join(ROOT, '.weir/screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
