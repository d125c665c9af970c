import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryLogStore } from '../../../src/adapters/stores/stream_log/memory_log_store.ts';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { keepClaim } from '../../../src/core/durable/keep_run.ts';
import { claimKey } from '../../../src/core/durable/key_claim.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import { logFormats } from '../../../src/gateway/endpoints/log_formats.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTE_MS = 60_000;

/** As much of an instance as claims need. */
function scene() {
  let made = 0;
  const core = {
    store: new MemoryLogStore(),
    streams: new Map(),
    clock: { now: () => Date.now() },
    formats: logFormats({ weir: 1_000, others: 1_000 }),
    newToken: () => String(++made),
  } as unknown as DurableCore;
  let repeats = 0;
  const ask = (threadId: string, bodyHash = 'body') => {
    const wish = { withIds: false };
    const onRepeat = () => {
      repeats += 1;
    };
    return claimKey(core, { userId: 'user', threadId, idempotency: { key: 'key', bodyHash }, onRepeat, wish });
  };
  const begin = async (threadId: string, claim?: ResumableRecord['claim']) => {
    const record = { id: threadId, userId: 'user', token: threadId, owner: '', claim } as ResumableRecord;
    await core.store.create(record, { query: 'q', model: 'm', resumable: true });
    return { record, finish: () => core.store.finish(record, ['text'], 'end') };
  };
  const forgetAll = () => {
    core.store = new MemoryLogStore();
  };
  return { core, ask, begin, forgetAll, repeats: () => repeats };
}

describe('the claim of a key', () => {
  it('without a stream counts for ten seconds, for whatever body; a repeat waits for it', async () => {
    const { ask, repeats } = scene();
    expect(await ask('first')).toMatchObject({ kind: 'mine' });
    await expect(ask('other', 'another body')).rejects.toMatchObject({ code: 'validation_error' });
    const waiting = ask('second');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(repeats()).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await waiting).toMatchObject({ kind: 'mine' });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await ask('third', 'another body')).toMatchObject({ kind: 'mine' });
  });

  it('lives as long as its stream can be read, however long that takes, and no longer', async () => {
    const { ask, begin } = scene();
    await ask('first');
    const { finish } = await begin('first');
    await vi.advanceTimersByTimeAsync(14 * MINUTE_MS);
    await expect(ask('other', 'another body')).rejects.toMatchObject({ code: 'validation_error' });
    await finish();
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    expect(await ask('second')).toMatchObject({ kind: 'repeat', located: { threadId: 'first' } });
    await expect(ask('other', 'another body')).rejects.toMatchObject({ code: 'validation_error' });
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(await ask('third', 'another body')).toMatchObject({ kind: 'mine' });
  });

  it('that is given back is free at once, and is not taken from the next one by giving it back again', async () => {
    const { ask } = scene();
    const first = await ask('first');
    if (first.kind !== 'mine') throw new Error(first.kind);
    await first.giveBack();
    expect(await ask('second')).toMatchObject({ kind: 'mine' });
    await first.giveBack();
    await expect(ask('third', 'another body')).rejects.toMatchObject({ code: 'validation_error' });
  });

  it('is written again by its stream when the store has forgotten both', async () => {
    const { core, ask, begin, forgetAll } = scene();
    const first = await ask('first');
    if (first.kind !== 'mine') throw new Error(first.kind);
    forgetAll();
    const { record, finish } = await begin('first', first.record);
    await keepClaim(core, record);
    await finish();
    expect(await ask('second')).toMatchObject({ kind: 'repeat', located: { threadId: 'first' } });
  });

  it('that another request made in a store that had forgotten it stays', async () => {
    const { core, ask, begin, forgetAll } = scene();
    const first = await ask('first');
    if (first.kind !== 'mine') throw new Error(first.kind);
    forgetAll();
    await ask('second');
    const second = await begin('second');
    await keepClaim(core, (await begin('first', first.record)).record);
    await second.finish();
    expect(await ask('third')).toMatchObject({ kind: 'repeat', located: { threadId: 'second' } });
  });

  it('leaves nothing in the memory of an instance', async () => {
    const { ask } = scene();
    await ask('first');
    await vi.advanceTimersByTimeAsync(30 * MINUTE_MS);
    expect(vi.getTimerCount()).toBe(0);
    expect(await ask('second', 'another body')).toMatchObject({ kind: 'mine' });
  });
});
