import type { Browser, Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { type FakeConsole, type FakeScript, startFakeConsole } from '../support/fake_console.ts';
import { launchBrowser, openDashboard } from './dashboard_page.ts';

export interface FakeInBrowser {
  browser: Browser;
  /** A console of the test's own; stopped after all tests. */
  fake(script?: Partial<FakeScript>): Promise<FakeConsole>;
  /** The page of such a console, at a screen's `hash`. */
  open(script: Partial<FakeScript>, hash?: string): Promise<{ page: Page; console: FakeConsole }>;
}

/** A browser, and consoles that say what a test wants. */
export async function fakeInBrowser(args: string[] = []): Promise<FakeInBrowser> {
  const browser = await launchBrowser(args);
  const fakes: FakeConsole[] = [];
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
