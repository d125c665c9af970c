import { describe, expect, it } from 'vitest';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import type { GroupLog, LoggedStream } from '../../../src/core/durable/group_log.ts';
import { continueResumable } from '../../../src/core/durable/logged_delivery.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import { ResumableStream } from '../../../src/core/durable/resumable_stream.ts';
import { EntryEncoder, TextFrames } from '../../../src/core/durable/weir_frames.ts';
import type { Permit } from '../../../src/core/resilience/connection_pool_manager.ts';
import type { Encoder } from '../../../src/core/stream/encoder.ts';
import { Relay } from '../../../src/core/stream/relay.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import type { PartAnswer, PartConsumer } from '../../../src/core/upstream/upstream.ts';
import { silentLog } from '../../support/silent_log.ts';

const boom = () => {
  throw new Error('boom');
};

/** An answer that says a word and ends. */
const answer: PartAnswer = {
  kind: 'parts',
  start: (consumer: PartConsumer) => {
    consumer.text('word');
    consumer.end({ finish: 'stop', finishReason: 'stop' });
  },
  resume: () => {},
};

const encoder = {
  chunk: (_: number, text: string) => text,
  complete: () => 'complete',
  error: (_: number, { code }: { code: string }, delivered: number) => `${code} after ${delivered}`,
} as unknown as Encoder;
const observer = {
  opened() {},
  closed() {},
  firstToken() {},
  gap() {},
  refused() {},
  tookOver() {},
  wentUnlogged() {},
};

/** One resumable stream of an instance, parts of which are broken. */
async function produced(broken: { encoder?: object; core?: object }) {
  const reasons: unknown[] = [];
  const log = {
    horizon: 1,
    add: (stream: LoggedStream, seq: number) => queueMicrotask(() => stream.commitTo(seq, true)),
    note() {},
  } as unknown as GroupLog;
  const given: Encoder = { ...encoder, ...broken.encoder };
  const before = { encoder: new EntryEncoder(given), texts: [], canGoOn: true, ended: undefined };
  const stream = new ResumableStream({
    record: {
      id: 't',
      number: '1',
      epoch: 1,
      userId: 'u',
      provider: 'p',
      model: 'm',
      promptLength: 1,
    } as ResumableRecord,
    request: undefined,
    frames: new TextFrames(given, () => ''),
    limit: { units: 512 * 1024, ends: 'stream' },
    log,
    wheel: new TimerWheel(50),
    ageMs: 0,
    graceMs: 1_000,
  });
  const streams = new Map([['t', stream]]);
  const core = {
    observer,
    streams,
    log: { ...silentLog, error: (_: string, event: string) => void reasons.push(event) },
    faults() {},
    recordUsage() {},
    streamLog: { answering: true },
    store: { finish: async () => true },
    ...broken.core,
  } as unknown as DurableCore;
  let released = 0;
  const permit = {
    release: async () => {
      released += 1;
    },
    setDetached() {},
    onLost() {},
    [Symbol.asyncDispose]: async () => {
      released += 1;
    },
  } as unknown as Permit;
  await continueResumable(core, stream, permit, Promise.resolve(answer), performance.now(), before);
  return { terminal: stream.terminal, over: stream.over, left: streams.size, reasons, released };
}

describe('a defect in one resumable stream', () => {
  it.each([
    ['its last frame', { encoder: { complete: boom } }, 'internal_error after 4'],
    ['its first word', { core: { observer: { ...observer, firstToken: boom } } }, 'internal_error after 0'],
    ['its usage', { core: { recordUsage: boom } }, 'complete'],
    ['its record', { core: { observer: { ...observer, closed: boom } } }, 'complete'],
  ])('in %s ends that stream, with an error that is logged, and rejects nothing', async (_, broken, terminal) => {
    const got = await produced(broken);
    expect(got).toMatchObject({ terminal, over: true, left: 0, reasons: ['Internal error'] });
    expect(got.released).toBeGreaterThan(0);
  });
});

it.each([
  ['answer that throws when it starts', { ...answer, start: boom, resume: () => {} }, () => true],
  ['outlet that throws', answer, boom],
])('an %s ends its own stream', async (_, given, write) => {
  const relay = new Relay(encoder, observer, performance.now());
  relay.attach({ write, full: false });
  const ending = await relay.run(Promise.resolve(given), new AbortController().signal);
  expect(ending).toMatchObject({ ok: false, error: { code: 'internal_error' } });
});
