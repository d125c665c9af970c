import { afterEach, describe, expect, it, vi } from 'vitest';
import { cancelResumable } from '../../../src/core/durable/cancel_resumable.ts';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { noFaults } from '../../../src/core/durable/fault_point.ts';
import { HouseKeeping } from '../../../src/core/durable/keep_house.ts';
import { locateResumable } from '../../../src/core/durable/locate_resumable.ts';
import { LOG_VERSION } from '../../../src/core/durable/log_format.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import { takeOver } from '../../../src/core/durable/take_over.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import { LEASE_MS } from '../../../src/formats/timing.ts';
import { logFormats } from '../../../src/gateway/endpoints/log_formats.ts';
import { silentLog } from '../../support/silent_log.ts';

afterEach(() => {
  vi.useRealTimers();
});

const record = {
  id: 'stream',
  owner: 'dead',
  number: '1',
  epoch: 1,
  ends: [],
  state: 'running',
  checkpoint: 0,
  takeovers: 0,
  userId: 'user',
  permitId: 'permit',
  provider: 'fake',
  model: 'm',
  createdAt: Date.now(),
} as unknown as ResumableRecord;

/** As much of an instance as taking over needs; its provider never says anything. */
function coreWith(store: Record<string, unknown>) {
  const counts = { takeovers: 0, calls: 0 };
  const silent = {
    continueFrom() {
      counts.calls += 1;
      return new Promise(() => {});
    },
  };
  const core = {
    instance: 'app-1',
    streams: new Map(),
    takingOver: new Map(),
    faults: noFaults,
    log: silentLog,
    wheel: new TimerWheel(50),
    // Beyond the test run: the stream that is taken over here must not end in another test.
    formats: logFormats({ weir: 3_600_000, others: 3_600_000 }),
    checkpointMs: 10_000,
    streamLog: { incarnation: 'mine', fenced: false, horizon: 1, enroll: () => '1', note() {}, renew: async () => {} },
    clock: { now: () => Date.now() },
    deadLogs: { read: async () => new Map() },
    observer: { opened() {}, closed() {}, tookOver: () => (counts.takeovers += 1) },
    pool: { adoptConnection: async () => ({ setDetached() {}, onLost() {}, [Symbol.asyncDispose]: async () => {} }) },
    routing: {
      select: () => ({ targets: [{ upstream: silent }] }),
    },
    store: {
      readText: async () => ({ contents: ['said '], terminal: undefined }),
      readRequest: async () => ({}),
      adopt: async () => 1,
      isRetired: async () => false,
      ...store,
    },
  } as unknown as DurableCore;
  return { core, counts };
}

describe('a takeover', () => {
  it('that comes late, with what it read before another one here succeeded, begins nothing', async () => {
    const { core, counts } = coreWith({});
    await takeOver(core, record);
    await takeOver(core, record);
    await Promise.all([takeOver(core, record), takeOver(core, record)]);
    expect(counts).toEqual({ takeovers: 1, calls: 1 });
  });

  it('whose answer is lost is asked again, so that the stream keeps an owner', async () => {
    let tries = 0;
    const adopt = async () => {
      tries += 1;
      if (tries === 1) throw new Error('no answer');
      return 1;
    };
    const { core, counts } = coreWith({ adopt });
    await takeOver(core, record);
    expect(tries).toBe(2);
    expect(counts.takeovers).toBe(1);
  });

  it('whose every answer is lost, and that was stored, is completed once the store answers', async () => {
    vi.useFakeTimers();
    let isAway = true;
    let stored = record;
    const { core, counts } = coreWith({
      adopt: async (next: ResumableRecord) => {
        stored = next;
        if (isAway) throw new Error('no answer');
        return 1;
      },
      read: async () => stored,
      beat: async () => [],
      trim: async () => {},
    });
    const takingOver = takeOver(core, record);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await takingOver).toBe(false);
    isAway = false;
    await new HouseKeeping(core).beat();
    expect(counts.takeovers).toBe(1);
    expect(core.streams.get('stream')?.record).toMatchObject({ owner: 'mine', takeovers: 1 });
    expect(core.takingOver.size).toBe(0);
  });

  it('whose every answer is lost, and that was not stored, is left to the owner of the stream', async () => {
    vi.useFakeTimers();
    const adopt = () => Promise.reject(new Error('no answer'));
    const { core, counts } = coreWith({ adopt, read: async () => record, beat: async () => [], trim: async () => {} });
    const takingOver = takeOver(core, record);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await takingOver).toBe(false);
    await new HouseKeeping(core).beat();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts.takeovers).toBe(0);
    expect(core.takingOver.size).toBe(0);
  });

  it('is refused on an instance that is fenced itself', async () => {
    const { core, counts } = coreWith({});
    Object.assign(core.streamLog, { fenced: true });
    await takeOver(core, record);
    expect(counts.takeovers).toBe(0);
  });
});

describe('a stream whose log is of a newer version', () => {
  it('is left to an instance that knows it, and those who ask are sent there', async () => {
    const newer = { ...record, log: LOG_VERSION + 1, format: 'chat' };
    const touched: string[] = [];
    const touch = (name: string) => async () => {
      touched.push(name);
      return true;
    };
    const { core, counts } = coreWith({
      read: async () => newer,
      peerOf: async () => 'a peer',
      seal: touch('seal'),
      adopt: touch('adopt'),
      finish: touch('finish'),
    });
    Object.assign(core, { peers: { read: async () => 'gone', cancel: async () => 'gone' } });
    const caller = { userId: 'user', token: undefined };
    const sentAway = { code: 'service_unavailable', details: { reason: 'version' } };
    expect(await takeOver(core, newer)).toBe(false);
    await expect(locateResumable(core, 'stream', caller, undefined, { withIds: false })).rejects.toMatchObject(
      sentAway,
    );
    await expect(cancelResumable(core, 'stream', caller)).rejects.toMatchObject(sentAway);
    Object.assign(newer, { state: 'done' });
    await expect(locateResumable(core, 'stream', caller, undefined, { withIds: false })).rejects.toMatchObject(
      sentAway,
    );
    expect(touched).toEqual([]);
    expect(counts.takeovers).toBe(0);
  });
});

describe('what a takeover goes on with', () => {
  const text = (seq: number) => ({ number: '1', seq, kind: 'text', text: `piece ${seq}` });
  const logged = (...records: unknown[]) => ({ read: async () => new Map([['1', { id: 'stream', records }]]) });

  it('ends before a hole: neither what follows it nor the end fits to the text', async () => {
    const finished: unknown[] = [];
    const { core } = coreWith({
      checkpoint: async () => 'kept',
      adopt: async () => 2,
      finish: async (...end: unknown[]) => finished.push(end) > 0,
    });
    Object.assign(core, { deadLogs: logged(text(2), text(4), { ...text(5), kind: 'terminal' }) });
    await takeOver(core, record);
    expect(finished).toEqual([]);
    expect(core.streams.get('stream')?.contents).toEqual(['said ', 'piece 2']);
  });

  it('is stored with the end that the log holds, where all of it is there', async () => {
    const finished: unknown[][] = [];
    const { core, counts } = coreWith({ finish: async (...end: unknown[]) => finished.push(end) > 0 });
    Object.assign(core, { deadLogs: logged(text(1), text(2), { ...text(3), kind: 'terminal', text: 'the end' }) });
    await takeOver(core, record);
    expect(finished.map((end) => end.slice(1))).toEqual([[['said ', 'piece 2'], 'the end']]);
    expect(counts.takeovers).toBe(0);
  });

  it('includes what its owner kept while the log was read', async () => {
    const kept = ['said '];
    const owners: unknown[] = [];
    const { core } = coreWith({
      readText: async () => ({ contents: [...kept], terminal: undefined }),
      adopt: async (next: ResumableRecord) => {
        owners.push(next.ends);
        // It only slept.
        if (owners.length === 1) kept.push('unlogged ', 'text');
        return kept.length;
      },
    });
    await takeOver(core, record);
    expect(owners).toEqual([[1], [3]]);
    expect(core.streams.get('stream')?.contents).toEqual(['said ', 'unlogged ', 'text']);
    expect(core.streams.get('stream')?.record).toMatchObject({ epoch: 2, ends: [3], checkpoint: 3 });
  });

  it('is tried again ever more seldom while it fails, and is one line of the log', async () => {
    vi.useFakeTimers();
    let reads = 0;
    const lines: string[] = [];
    const { core, counts } = coreWith({
      readText: async () => {
        reads += 1;
        if (reads < 20) throw new Error('broken');
        return { contents: ['said '], terminal: undefined };
      },
    });
    Object.assign(core, { log: { ...silentLog, warn: (_: string, line: string) => lines.push(line) } });
    for (let ms = 0; ms < 10_000; ms += 10) {
      await takeOver(core, record);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(reads).toBeGreaterThan(5);
    expect(reads).toBeLessThan(15);
    expect(lines).toEqual(['A stream could not be taken over']);
    reads = 20;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await takeOver(core, record)).toBe(true);
    expect(counts.takeovers).toBe(1);
    expect(core.takingOver.size).toBe(0);
  });

  it('is forgotten where no client asks for it again', async () => {
    vi.useFakeTimers();
    const { core } = coreWith({ readText: () => Promise.reject(new Error('broken')) });
    expect(await takeOver(core, record)).toBe(false);
    expect(core.takingOver.size).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(core.takingOver.size).toBe(0);
  });
});

describe('an instance that could not reach the store', () => {
  it('takes no other one for dead until all had time to say that they are alive', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    let isAway = false;
    const sealed: string[] = [];
    const { core } = coreWith({
      beat: async () => {
        if (isAway) throw new Error('no answer');
        return ['silent'];
      },
      seal: async (incarnation: string) => {
        sealed.push(incarnation);
        return false;
      },
      trim: async () => {},
    });
    const house = new HouseKeeping(core);
    await house.beat();
    vi.advanceTimersByTime(LEASE_MS);
    await house.beat();
    expect(sealed).toEqual(['silent']);
    isAway = true;
    await house.beat();
    isAway = false;
    vi.advanceTimersByTime(LEASE_MS * 2);
    await house.beat();
    vi.advanceTimersByTime(LEASE_MS / 2);
    await house.beat();
    expect(sealed).toEqual(['silent']);
    vi.advanceTimersByTime(LEASE_MS / 2);
    await house.beat();
    expect(sealed).toEqual(['silent', 'silent']);
  });
});
