import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free_port.ts';
import { listens } from '../support/listens.ts';
import { newStack } from '../support/stack_fixture.ts';
import { QUERY, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';
import { stackInBrowser } from './stack_in_browser.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLE = path.join(ROOT, 'docs/examples/chat');
const VITE = path.join(ROOT, 'node_modules/vite/bin/vite.js');
const SPOKEN = { seed: 31, tokens: 150, tokens_per_second: 30, ttft_ms: 0 };

const port = await freePort();
const origin = `http://localhost:${port}`;
const { stack, browser } = await stackInBrowser(await newStack({ CORS_ORIGINS: origin }), ['--auth', 'keys']);
const built = mkdtempSync(path.join(tmpdir(), 'weir-chat-'));
let server: ChildProcess | undefined;
let context: BrowserContext | undefined;

beforeAll(async () => {
  const { stdout } = await stack.weir(['keys', 'create', 'chat-app', '--acts-for-users']);
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    VITE_WEIR_URL: stack.url,
    WEIR_KEY: stdout.trim(),
    NODE_EXTRA_CA_CERTS: path.join(stack.state, 'ssl/ca.crt'),
  };
  const vite = (...args: string[]) => [VITE, ...args, '--outDir', built];
  const build = spawnSync(process.execPath, vite('build', '--emptyOutDir'), { cwd: EXAMPLE, env, encoding: 'utf8' });
  expect(build.status, build.stderr).toBe(0);
  const flags = ['--port', `${port}`, '--strictPort', '--host', 'localhost'];
  server = spawn(process.execPath, vite('preview', ...flags), { cwd: EXAMPLE, env, stdio: 'ignore' });
  await until('the page is there', () => listens(port));
  context = await browser.newContext({ ignoreHTTPSErrors: true });
});
afterAll(async () => {
  server?.kill();
  await context?.close();
  rmSync(built, { recursive: true });
});

/** A chat of its own, whose answers have the pace of this test, and the instances that answered it. */
async function openChat(id: string, fake: object = SPOKEN) {
  const page = await (context as BrowserContext).newPage();
  const instances: string[] = [];
  page.on('response', (response) => {
    const instance = response.headers()['x-producer-id'];
    if (response.url().includes('/api/v1/chat')) instances.push(instance ?? '');
  });
  await page.route(`${stack.url}/api/v1/chat`, (route, request) => {
    if (request.method() !== 'POST') return route.continue();
    return route.continue({ postData: JSON.stringify({ ...request.postDataJSON(), fake }) });
  });
  await page.goto(`${origin}/#${id}`);
  return { page, instances };
}

const answer = (page: Page) => page.locator('article[data-role=assistant]');
const said = async (page: Page) => (await answer(page).allTextContents()).join('');

async function ask(page: Page): Promise<void> {
  await page.getByLabel('Message').fill(QUERY);
  await page.getByRole('button', { name: 'Send' }).click();
  await until('some of the answer', async () => (await said(page)).length > 40);
}

async function isWhole(page: Page): Promise<void> {
  await until('the whole answer', async () => (await said(page)) === textOf(SPOKEN));
  await page.getByText('ready', { exact: true }).waitFor();
}

async function kill(instance: string | undefined): Promise<void> {
  process.kill(await stack.pid(instance as string), 'SIGKILL');
}

it('an answer goes on in a page that was loaded again while its instance was killed', async () => {
  const { page, instances } = await openChat('reloaded');
  await ask(page);
  await kill(instances.at(-1));
  await page.reload();
  await isWhole(page);
  // Its end was read.
  await page.reload();
  await isWhole(page);
});

it('an answer goes on in a page that stays, after its instance was killed', async () => {
  const { page, instances } = await openChat('stays');
  await ask(page);
  await kill(instances.findLast((name) => name !== ''));
  await isWhole(page);
});

it('an answer is stopped from another tab', async () => {
  const { page } = await openChat('stopped', { ...SPOKEN, tokens: 10_000 });
  await ask(page);
  const other = await openChat('stopped');
  await other.page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('ready', { exact: true }).waitFor();
  await other.page.getByText('ready', { exact: true }).waitFor();
  const before = await said(page);
  await page.reload();
  await page.getByText('ready', { exact: true }).waitFor();
  expect(await said(page)).toBe(before);
});
