import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildDashboard } from '../../src/stack/native/build_dashboard.ts';
import { type FakeConsole, type FakeScript, startFakeConsole } from '../support/fake_console.ts';
import { launchBrowser, openDashboard } from './dashboard_page.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface FakeInBrowser {
  browser: Browser;
  /** A console of the test's own; stopped after all tests. */
  fake(script?: Partial<FakeScript>): Promise<FakeConsole>;
  /** The page of such a console, at a screen's `hash`. */
  open(script: Partial<FakeScript>, hash?: string): Promise<{ page: Page; console: FakeConsole }>;
}

/** The page as it is in the sources, a browser, and consoles that say what a test wants. */
export async function fakeInBrowser(args: string[] = []): Promise<FakeInBrowser> {
  const browser = await launchBrowser(args);
  const fakes: FakeConsole[] = [];
  beforeAll(async () => {
    const said = await buildDashboard(ROOT, undefined);
    if (said !== undefined && said !== 'built') throw new Error(said);
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(fakes.map((each) => each.stop()));
  });
  async function fake(script?: Partial<FakeScript>): Promise<FakeConsole> {
    const started = await startFakeConsole(script);
    fakes.push(started);
    return started;
  }
  async function open(script: Partial<FakeScript>, hash = '') {
    const console = await fake(script);
    const { page } = await openDashboard(browser, `${console.url}/${hash}`);
    return { page, console };
  }
  return { browser, fake, open };
}
