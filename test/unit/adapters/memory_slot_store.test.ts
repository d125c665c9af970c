import { describe } from 'vitest';
import { MemorySlotStore } from '../../../src/adapters/stores/slots/memory_slot_store.ts';
import { slotStoreContract } from '../../support/slot_store_contract.ts';

describe('MemorySlotStore', () => {
  slotStoreContract(
    async (limits) => new MemorySlotStore(limits),
    async () => {},
  );
});
