import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cancelResumable } from '../../../src/core/durable/cancel_resumable.ts';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { noFaults } from '../../../src/core/durable/fault_point.ts';
import type { GroupLog, LoggedStream } from '../../../src/core/durable/group_log.ts';
import { type Claim, StoreUnavailable } from '../../../src/core/durable/log_store.ts';
import { continueResumable } from '../../../src/core/durable/logged_delivery.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import { ResumableStream } from '../../../src/core/durable/resumable_stream.ts';
import { EntryEncoder, TextFrames } from '../../../src/core/durable/weir_frames.ts';
import type { Permit } from '../../../src/core/resilience/connection_pool_manager.ts';
import type { Encoder } from '../../../src/core/stream/encoder.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import type { PartAnswer } from '../../../src/core/upstream/upstream.ts';
import { silentLog } from '../../support/silent_log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream of one token, whose log takes everything, on an instance whose store ends streams as the test says. */
function scene(finish: (record: ResumableRecord, stream: ResumableStream) => Promise<boolean>) {
  const log = {
    horizon: 1,
    note() {},
    add: (logged: LoggedStream, seq: number) => queueMicrotask(() => logged.commitTo(seq, true)),
  } as unknown as GroupLog;
  const record = {
    id: 't',
    userId: 'user',
    owner: 'first',
    number: '1',
    epoch: 1,
    ends: [],
    claim: { key: 'k', bodyHash: 'h', claimant: 'c', at: 1 },
  } as unknown as ResumableRecord;
  const encoder = { complete: () => 'the end', error: () => 'an error' } as unknown as Encoder;
  const wheel = new TimerWheel(50);
  const frames = new TextFrames(encoder, () => '');
  const limit = { units: 512 * 1024, ends: 'stream' } as const;
  const stream = new ResumableStream({
    record,
    request: undefined,
    frames,
    limit,
    log,
    wheel,
    ageMs: 0,
    graceMs: 1_000,
  });
  const before = { encoder: new EntryEncoder(encoder), texts: [], canGoOn: true, ended: undefined };
  const outcomes: string[] = [];
  const used = vi.fn();
  const claims: string[] = [];
  const core = {
    streams: new Map([['t', stream]]),
    streamLog: { answering: true },
    faults: noFaults,
    log: silentLog,
    observer: { opened() {}, firstToken() {}, gap() {}, closed: (outcome: string) => outcomes.push(outcome) },
    recordUsage: used,
    store: {
      finish: (written: ResumableRecord) => finish(written, stream),
      claim: async (_: string, key: string, { threadId }: Claim) => void claims.push(`${key} of ${threadId}`),
    },
  } as unknown as DurableCore;
  const permit = { onLost() {}, release: async () => {}, forget() {}, [Symbol.asyncDispose]: async () => {} };
  const answer = {
    kind: 'parts',
    start(consumer) {
      consumer.text('text');
      consumer.end({ finish: 'stop', finishReason: 'stop' });
    },
    resume() {},
  } as PartAnswer;
  const run = () => continueResumable(core, stream, permit as unknown as Permit, Promise.resolve(answer), 0, before);
  return { core, stream, outcomes, used, claims, run };
}

describe('the end of a stream', () => {
  it('that comes under a new incarnation while it is stored is stored there', async () => {
    const owners: string[] = [];
    const { core, stream, outcomes, used, run } = scene(async ({ owner }, moved) => {
      owners.push(owner);
      moved.record = { ...moved.record, owner: 'second' };
      return owner === 'second';
    });
    await run();
    expect(owners).toEqual(['first', 'second']);
    expect(stream).toMatchObject({ over: true, gone: false });
    expect(outcomes).toEqual(['ok']);
    expect(used).toHaveBeenCalledOnce();
    expect(core.streams.size).toBe(0);
  });

  it('that another owner has to store is no end here', async () => {
    const { core, stream, outcomes, used, run } = scene(async () => false);
    await run();
    expect(stream).toMatchObject({ over: false, gone: true });
    expect(outcomes).toEqual(['producer_lost']);
    expect(used).not.toHaveBeenCalled();
    expect(core.streams.size).toBe(0);
  });

  it('that can’t be stored is delivered, and its stream stays here until it is, with the claim of its key', async () => {
    let tries = 0;
    const { core, stream, outcomes, claims, run } = scene(async () => {
      tries += 1;
      if (tries < 4) throw new Error('no');
      return true;
    });
    await run();
    expect(stream.over).toBe(true);
    expect(outcomes).toEqual(['ok']);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(core.streams.get('t')).toBe(stream);
    expect(claims).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(tries).toBe(4);
    expect(claims).toEqual(['k of t']);
    expect(core.streams.size).toBe(0);
  });
});

describe('cancelling a stream', () => {
  it('while the store does not answer is a refusal that says so', async () => {
    const away = () => Promise.reject(new StoreUnavailable(undefined));
    const core = { streams: new Map(), store: { read: away } } as unknown as DurableCore;
    const caller = { userId: 'user', token: undefined };
    await expect(cancelResumable(core, 't', caller)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { reason: 'redis' },
    });
  });
});
