import { describe, expect, it } from 'vitest';
import { RedisBreaker } from '../../../src/adapters/stores/redis/redis_breaker.ts';
import { HeldSlots } from '../../../src/adapters/stores/slots/held_slots.ts';
import { SlotRenewal } from '../../../src/adapters/stores/slots/slot_renewal.ts';
import type { RenewedPermit, SlotScripts } from '../../../src/adapters/stores/slots/slot_scripts.ts';
import { SLOT_TIMING } from '../../../src/adapters/stores/slots/slot_scripts.ts';
import { REDIS_COMMAND_MS } from '../../../src/formats/timing.ts';

describe('a renewal that is repeated because the process stood still', () => {
  it('does not put back a slot that was released meanwhile', async () => {
    const held = new HeldSlots();
    const slots = ['released', 'held'].map((permitId) => ({ userId: 'user', permitId }));
    const [released] = slots as [(typeof slots)[0]];
    const facts = { forced: true, confirmedAt: performance.now() };
    const [user] = slots.map((slot) => held.add(slot, facts, 0));
    const sent: string[][] = [];
    const renew = async (_: unknown, __: number, ___: number, permits: readonly RenewedPermit[]) => {
      sent.push(permits.map(({ permitId }) => permitId));
      if (sent.length > 1) return [];
      held.remove(released);
      for (const until = performance.now() + REDIS_COMMAND_MS + 50; performance.now() < until; );
      throw new Error('Command timed out');
    };
    const scripts = { renew } as unknown as SlotScripts;
    const limits = { maxConnections: 10, maxConnectionsPerUser: 3 };
    const parts = { held, scripts, breaker: new RedisBreaker(() => {}), timing: SLOT_TIMING };
    const renewal = new SlotRenewal(parts, limits, () => {});
    await renewal.renew(user!);
    expect(sent).toEqual([['released', 'held'], ['held']]);
  });
});
