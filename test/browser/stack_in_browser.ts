import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { launchBrowser } from './dashboard_page.ts';

/** A stack that runs, started with `flags`, and a browser, for all tests of the calling file. */
export async function stackInBrowser(
  given?: StackFixture,
  flags: string[] = [],
): Promise<{ stack: StackFixture; browser: Browser }> {
  const stack = given ?? (await newStack());
  const browser = await launchBrowser();
  beforeAll(() => stack.start(flags));
  afterAll(async () => {
    await browser.close();
    await stack.destroy();
  });
  return { stack, browser };
}
