import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { noFaults } from '../../../src/core/durable/fault_point.ts';
import { LEASE_MS } from '../../../src/core/durable/group_log.ts';
import { HouseKeeping } from '../../../src/core/durable/keep_house.ts';
import { takeOver } from '../../../src/core/durable/take_over.ts';
import type { ThreadRecord } from '../../../src/core/durable/thread_record.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';
import { silentLog } from '../../support/silent_log.ts';

afterEach(() => void vi.useRealTimers());

const record = {
  id: 'thread',
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
} as unknown as ThreadRecord;

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
    threads: new Map(),
    takingOver: new Map(),
    faults: noFaults,
    log: silentLog,
    wheel: new TimerWheel(50),
    // Beyond the test run: the thread that is taken over here must not end in another test.
    graceMs: 3_600_000,
    checkpointMs: 10_000,
    wal: { boot: 'mine', fenced: false, horizon: 1, enroll: () => '1', note() {}, renew: async () => {} },
    clock: { now: () => Date.now() },
    deadLogs: { read: async () => new Map() },
    encoder: () => ({}),
    observer: { opened() {}, closed() {}, tookOver: () => (counts.takeovers += 1) },
    pool: { adoptConnection: async () => ({ setDetached() {}, onLost() {}, [Symbol.asyncDispose]: async () => {} }) },
    routing: {
      select: () => ({ targets: [{ source: silent }] }),
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

  it('whose answer is lost is asked again, so that the thread does not become nobody’s', async () => {
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

  it('is not for an instance that is fenced itself', async () => {
    const { core, counts } = coreWith({});
    Object.assign(core.wal, { fenced: true });
    await takeOver(core, record);
    expect(counts.takeovers).toBe(0);
  });
});

describe('whoever could not reach the store', () => {
  it('takes nobody for dead until the others had time to say that they are alive', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    let isAway = false;
    const sealed: string[] = [];
    const { core } = coreWith({
      beat: async () => {
        if (isAway) throw new Error('no answer');
        return ['silent'];
      },
      seal: async (boot: string) => {
        sealed.push(boot);
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
