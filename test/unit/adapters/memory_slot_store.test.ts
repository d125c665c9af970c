import { describe, expect, it } from 'vitest';
import { MemorySlotStore } from '../../../src/adapters/stores/slots/memory_slot_store.ts';
import { slotStoreContract } from '../../support/slot_store_contract.ts';

describe('MemorySlotStore', () => {
  slotStoreContract(
    async (limits) => new MemorySlotStore(limits),
    async () => {},
  );
});

it('holds a user who has a limit of its own to that one, as it is now', () => {
  const own = new Map([['key', 1]]);
  const limits = { maxConnections: 10, maxConnectionsPerUser: 2, ownLimit: (userId: string) => own.get(userId) };
  const store = new MemorySlotStore(limits);
  const take = (userId: string, permitId: string) => store.take({ userId, permitId });
  expect(take('key', 'a')).toMatchObject({ granted: true });
  expect(take('key', 'b')).toEqual({ granted: false, limit: 'user', current: 1, max: 1 });
  own.set('key', 3);
  expect(take('key', 'b')).toMatchObject({ granted: true, userConnections: 2 });
  own.delete('key');
  expect(take('key', 'c')).toEqual({ granted: false, limit: 'user', current: 2, max: 2 });
});
