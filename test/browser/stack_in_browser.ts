import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { newStack, StackFixture } from '../support/stack_fixture.ts';
import { launchBrowser, UPDATES_IMAGES } from './dashboard_page.ts';

/** A stack that runs, started with `flags`, and a browser, for all tests of the calling file. */
export async function stackInBrowser(
  given?: StackFixture,
  flags: string[] = [],
): Promise<{ stack: StackFixture; browser: Browser }> {
  const documented = { https: 443, http: 80, dashboard: 3001 };
  const stack = given ?? (UPDATES_IMAGES ? new StackFixture(documented, {}) : await newStack());
  const browser = await launchBrowser();
  beforeAll(() => stack.start(flags));
  afterAll(async () => {
    await browser.close();
    await stack.destroy();
  });
  return { stack, browser };
}
