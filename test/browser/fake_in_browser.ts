import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildDashboard } from '../../src/stack/native/build_dashboard.ts';
import { type FakeConsole, type FakeScript, startFakeConsole } from '../support/fake_console.ts';
import { launchBrowser } from './dashboard_page.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface FakeInBrowser {
  browser: Browser;
  /** A console of the test's own; stopped after all tests. */
  fake(script?: Partial<FakeScript>): Promise<FakeConsole>;
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
    await Promise.all(fakes.map((fake) => fake.stop()));
  });
  return {
    browser,
    async fake(script) {
      const fake = await startFakeConsole(script);
      fakes.push(fake);
      return fake;
    },
  };
}
