import { describe, expect, it, vi } from 'vitest';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { noFaults } from '../../../src/core/durable/fault_point.ts';
import { HouseKeeping } from '../../../src/core/durable/keep_house.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import type { ResumableStream } from '../../../src/core/durable/resumable_stream.ts';
import { silentLog } from '../../support/silent_log.ts';

function threadOf(id: string, facts: Partial<ResumableStream> = {}) {
  const stream = {
    record: { id, owner: 'mine' },
    contents: ['a', 'b'],
    committed: 2,
    checkpointedAt: Number.NEGATIVE_INFINITY,
    oldestGroup: 3,
    terminal: undefined,
    isKept: true,
    checkpointed: vi.fn((_: number, horizon: number) => {
      stream.oldestGroup = horizon;
    }),
    leave: vi.fn(),
    ...facts,
  };
  return stream as typeof stream & ResumableStream;
}

/** As much of an instance as its house-keeping needs. */
function house(store: Record<string, unknown>, ...streams: ResumableStream[]) {
  const trims: number[] = [];
  const streamLog = { incarnation: 'mine', horizon: 50, renew: async () => {} };
  const core = {
    streamLog,
    streams: new Map(streams.map((stream) => [stream.record.id, stream])),
    takingOver: new Map(),
    checkpointMs: 1_000,
    faults: noFaults,
    log: silentLog,
    store: {
      beat: async () => [],
      trim: async (_: string, n: number) => void trims.push(n),
      checkpoint: async () => 'kept',
      ...store,
    },
  } as unknown as DurableCore;
  return { house: new HouseKeeping(core), trims, streamLog };
}

describe('the log of an instance', () => {
  it('is trimmed up to the oldest text that is kept nowhere else', async () => {
    const due = threadOf('due');
    const young = threadOf('young', { oldestGroup: 40, checkpointedAt: performance.now() });
    const { house: keeping, trims } = house({}, due, young);
    await keeping.beat();
    await keeping.beat();
    expect(due.checkpointed).toHaveBeenCalledWith(2, 50);
    expect(trims).toEqual([40]);
  });

  it('holds a stream’s end until that is stored', async () => {
    const ending = threadOf('ending', { terminal: 'the end' });
    const { house: keeping, trims } = house({}, ending);
    for (let beats = 0; beats < 3; beats += 1) await keeping.beat();
    expect(ending.checkpointed).not.toHaveBeenCalled();
    expect(trims).toEqual([3, 3]);
  });

  it('holds an end that comes while the text before it is being kept', async () => {
    const ending = threadOf('ending');
    const checkpoint = async () => {
      Object.assign(ending, { terminal: 'the end' });
      return 'kept';
    };
    const { house: keeping, trims } = house({ checkpoint }, ending);
    for (let beats = 0; beats < 3; beats += 1) await keeping.beat();
    expect(trims).toEqual([3, 3]);
  });

  it('of a new incarnation is not trimmed by what was kept under the one before', async () => {
    const moved = threadOf('moved');
    const { house: keeping, streamLog } = house(
      {
        checkpoint: async () => {
          Object.assign(streamLog, { incarnation: 'next', horizon: 1 });
          return 'kept';
        },
      },
      moved,
    );
    await keeping.beat();
    expect(moved.checkpointed).not.toHaveBeenCalled();
  });
});

describe('a stream that can’t be kept', () => {
  it('delays neither the others nor the log', async () => {
    const broken = threadOf('broken');
    const sound = threadOf('sound');
    const checkpoint = async ({ id }: { id: string }) => {
      if (id === 'broken') throw new Error('WRONGTYPE');
      return 'kept';
    };
    const { house: keeping, trims } = house({ checkpoint }, broken, sound);
    await keeping.beat();
    await keeping.beat();
    expect(sound.checkpointed).toHaveBeenCalled();
    expect(trims).toEqual([3]);
  });

  it('because it has another owner is left alone', async () => {
    const taken = threadOf('taken');
    const { house: keeping } = house({ checkpoint: async () => 'not_mine' }, taken);
    await keeping.beat();
    expect(taken.leave).toHaveBeenCalledOnce();
  });

  it('because the store has forgotten it is announced again, unless it has another owner', async () => {
    const owners = new Map([['another’s', 'another']]);
    const store = {
      checkpoint: async ({ id }: { id: string }) => (owners.has(id) ? 'kept' : 'unknown'),
      adopt: async (record: { id: string; owner: string }) => {
        if (record.id === 'taken') return -1;
        owners.set(record.id, record.owner);
        return 0;
      },
    };
    const forgotten = threadOf('forgotten');
    const taken = threadOf('taken');
    const { house: keeping } = house(store, forgotten, taken);
    await keeping.beat();
    expect(forgotten.checkpointed).toHaveBeenCalledWith(2, 50);
    expect(forgotten.leave).not.toHaveBeenCalled();
    expect(taken.leave).toHaveBeenCalledOnce();
  });
});

describe('a stream that the store has forgotten', () => {
  it('is made known again, and the claim of its key too', async () => {
    const claim = { key: 'k', bodyHash: 'h', claimant: 'c', at: 1 };
    const lost = threadOf('lost', { record: { id: 'lost', userId: 'u', owner: 'mine', claim } as ResumableRecord });
    const replies = ['unknown', 'kept'];
    const claims = vi.fn(async () => undefined);
    const store = { checkpoint: async () => replies.shift(), adopt: async () => 0, claim: claims };
    await house(store, lost).house.beat();
    expect(claims).toHaveBeenCalledExactlyOnceWith('u', 'k', { threadId: 'lost', bodyHash: 'h', claimant: 'c', at: 1 });
    expect(lost.checkpointed).toHaveBeenCalledWith(2, 50);
  });

  it('has the claim of its key written until that has gone well', async () => {
    const claim = { key: 'k', bodyHash: 'h', claimant: 'c', at: 1 };
    const lost = threadOf('lost', { record: { id: 'lost', userId: 'u', owner: 'mine', claim } as ResumableRecord });
    let isKnown = false;
    const claims = vi.fn().mockRejectedValueOnce(new Error('LOADING')).mockResolvedValue(undefined);
    const adopt = async () => {
      isKnown = true;
      return 0;
    };
    const store = { checkpoint: async () => (isKnown ? 'kept' : 'unknown'), adopt, claim: claims };
    const { house: keeping } = house(store, lost);
    await keeping.beat();
    expect(lost.checkpointed).not.toHaveBeenCalled();
    await keeping.beat();
    expect(claims).toHaveBeenCalledTimes(2);
    expect(lost.checkpointed).toHaveBeenCalledOnce();
  });
});
