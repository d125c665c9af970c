import { afterAll, beforeAll, expect, it } from 'vitest';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';

/** 300 streams a second from 200 at once: a machine of two cores has time left, so that no instance is the slow one. */
const CALM = { tokens: 5, ttft_ms: 450, tokens_per_second: 20 };
let stack: StackFixture;
beforeAll(async () => {
  stack = await newStack();
  await stack.start();
});
afterAll(() => stack.destroy());

it('./weir load reads 1,000 streams of 200 users as whole, and shares within the band that chance allows', async () => {
  const report = await stack.load(['-c', '200', '-n', '1000', '--users', '200', '--fake', JSON.stringify(CALM)]);
  expect(report).toMatchObject({ via: 'nginx', outcomes: { ok: 1000 } });
  expect(report.shares.map(({ instance, verdict }) => [instance, verdict])).toEqual([
    ['app-1', 'even'],
    ['app-2', 'even'],
    ['app-3', 'even'],
  ]);
  expect(report.self_check).toBeDefined();
});
