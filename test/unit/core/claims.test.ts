import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MemoryLogStore } from '../../../src/adapters/stores/stream_log/memory_log_store.ts';
import { claimName, findClaimed, newClaim } from '../../../src/core/durable/claims.ts';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let made = 0;
function scene() {
  const store = new MemoryLogStore();
  return { store, clock: { now: () => Date.now() }, newToken: () => String(++made) } as unknown as DurableCore;
}

it('a claim leads to its stream, or to none yet, and counts for ten seconds without one', async () => {
  const core = scene();
  const name = claimName('chat', 'my chat');
  const mine = newClaim(core, 'first');
  expect(await core.store.claim('user', name, mine)).toBeUndefined();
  expect(await findClaimed(core, 'user', name)).toEqual({ claim: mine, record: undefined });
  expect(await findClaimed(core, 'another', name)).toBeUndefined();
  await vi.advanceTimersByTimeAsync(11_000);
  expect(await findClaimed(core, 'user', name)).toBeUndefined();
  const record = { id: 'first', userId: 'user', token: 't', owner: '' } as ResumableRecord;
  await core.store.create(record, { query: 'q', model: 'm', resumable: true });
  expect(await findClaimed(core, 'user', name)).toEqual({ claim: mine, record });
});

it('a claim is replaced only by one who has read it, and dropped only by its own', async () => {
  const core = scene();
  const name = claimName('chat', 'my chat');
  const [first, second, third] = ['1', '2', '3'].map((id) => newClaim(core, id));
  await core.store.claim('user', name, first!);
  expect(await core.store.claim('user', name, second!, first)).toBeUndefined();
  expect(await core.store.claim('user', name, third!, first)).toEqual(second);
  expect(await core.store.dropClaim('user', name, first!)).toBe(false);
  expect(await core.store.dropClaim('user', name, second!)).toBe(true);
  expect(await core.store.readClaim('user', name)).toBeUndefined();
});

it('kinds do not meet, whatever clients call theirs', () => {
  const names = [claimName('chat', 'a'), claimName('response', 'a'), claimName('request', 'a'), claimName('chat', 'b')];
  expect(new Set(names).size).toBe(4);
  expect(claimName('chat', 'x}:chat:{y\n')).toMatch(/^chat:[0-9a-f]{32}$/);
});
