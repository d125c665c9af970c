import { setTimeout as sleep } from 'node:timers/promises';
import { memory } from '../test/soak/remains.ts';
import type { StackFixture } from '../test/support/stack_fixture.ts';

/** A stream opens, speaks once a second, and ends when all others have been open for a while. */
const TOKENS = 50;
const OPEN_PER_SECOND = 400;
const SETTLE_MS = 60_000;

/** What many streams at once got, and what they took. */
export interface ManyStreams {
  streams: number;
  ok: number;
  /** Beyond the second that lies between two pieces, in milliseconds. */
  lateP99: number;
  /** All instances together, in bytes: before, with all streams open, and a minute after the last. */
  idle: number;
  full: number;
  after: number;
}

/** The stack must let one user have as many. @throws Error with what `load` said, where it made no report */
export async function manyStreams(stack: StackFixture, streams: number): Promise<ManyStreams> {
  const size = async () => Object.values(await memory(await stack.services())).reduce((sum, bytes) => sum + bytes, 0);
  const idle = await size();
  const openMs = (streams / OPEN_PER_SECOND) * 1000;
  const load = stack.weir([
    'load',
    ...['--rate', `${OPEN_PER_SECOND}`, '-n', `${streams}`, '--max-in-flight', `${streams}`, '--json', '-'],
    ...['--fake', JSON.stringify({ tokens: TOKENS, tokens_per_second: 1, ttft_ms: 0 })],
  ]);
  await sleep(openMs + (TOKENS * 1000 - openMs) / 2);
  const full = await size();
  const { stdout, stderr } = await load;
  if (stdout === '') throw new Error(stderr);
  const { outcomes, icl_ms } = JSON.parse(stdout) as { outcomes: Record<string, number>; icl_ms: { p99: number } };
  await sleep(SETTLE_MS);
  return { streams, ok: outcomes.ok ?? 0, lateP99: icl_ms.p99 - 1000, idle, full, after: await size() };
}
