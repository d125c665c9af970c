import { afterEach, expect, it } from 'vitest';
import type { Slot, SlotStore } from '../../src/core/resilience/slot_store.ts';

/** Makes a store with these limits; what it needs to be closed is the maker's affair. */
export type MakeStore = (limits: { maxConnections: number; maxConnectionsPerUser: number }) => Promise<SlotStore>;

/** A name that no other test has used, so that what one leaves behind disturbs no other. */
let made = 0;
export function slotOf(userId: string): Slot {
  made += 1;
  return { userId, permitId: `permit-${process.pid}-${made}` };
}

export async function granted(store: SlotStore, slot: Slot): Promise<boolean> {
  return (await store.take(slot)).granted;
}

/** Takes so many of `userId`, and gives those that were granted. */
export async function takeAll(store: SlotStore, userId: string, count: number): Promise<Slot[]> {
  const slots = Array.from({ length: count }, () => slotOf(userId));
  const verdicts = await Promise.all(slots.map((slot) => store.take(slot)));
  return slots.filter((_, at) => verdicts[at]?.granted);
}

/** What every store does, whatever it keeps its slots in. */
export function slotStoreContract(make: MakeStore, closeAll: () => Promise<void>): void {
  afterEach(closeAll);
  let users = 0;
  const newUser = () => `user-${process.pid}-${users++}`;
  const usual = { maxConnections: 100, maxConnectionsPerUser: 3 };

  it('grants up to the limit of a user and says what stood in the way', async () => {
    const [store, user] = [await make(usual), newUser()];
    expect(await store.take(slotOf(user))).toMatchObject({ granted: true, userConnections: 1, totalConnections: 1 });
    expect(await takeAll(store, user, 10)).toHaveLength(2);
    expect(await store.take(slotOf(user))).toEqual({ granted: false, limit: 'user', current: 3, max: 3 });
    expect(await granted(store, slotOf(newUser()))).toBe(true);
    expect(store.view()).toMatchObject({ total_connections: 4, users: 2, max_connections: 100 });
  });

  it('gives a slot back for the next one, twice without harm, and an unknown one never', async () => {
    const [store, user] = [await make(usual), newUser()];
    const [first, second] = await takeAll(store, user, 3);
    await store.release(first as Slot);
    await store.release(first as Slot);
    await store.release(slotOf(user));
    expect(store.view().total_connections).toBe(2);
    expect(await takeAll(store, user, 3)).toHaveLength(1);
    await store.release(second as Slot);
    expect(await takeAll(store, user, 3)).toHaveLength(1);
  });

  it('counts a hundred refusals nowhere', async () => {
    const [store, user] = [await make({ ...usual, maxConnectionsPerUser: 1 }), newUser()];
    const [held] = await takeAll(store, user, 101);
    expect(store.view()).toMatchObject({ total_connections: 1, users: 1 });
    await store.release(held as Slot);
    expect(store.view()).toMatchObject({ total_connections: 0, users: 0 });
    expect(await granted(store, slotOf(user))).toBe(true);
  });

  it('refuses everybody when the total is used up', async () => {
    const store = await make({ maxConnections: 4, maxConnectionsPerUser: 3 });
    const held = await Promise.all([0, 1, 2, 3, 4, 5].map(() => takeAll(store, newUser(), 1)));
    expect(held.flat()).toHaveLength(4);
    expect(await store.take(slotOf(newUser()))).toEqual({ granted: false, limit: 'total', current: 4, max: 4 });
    expect(store.view().state).toBe('exhausted');
    await store.release(held.flat()[0] as Slot);
    expect(await granted(store, slotOf(newUser()))).toBe(true);
  });

  it('lets the stream that lost its reader first give way, and reports it', async () => {
    const [store, user] = [await make(usual), newUser()];
    const lost: string[] = [];
    store.whenLost(({ permitId }) => lost.push(permitId));
    const [one, two, three] = (await takeAll(store, user, 3)) as [Slot, Slot, Slot];
    await store.setDetached(two, true);
    // Two clocks, and both have to see the difference.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.setDetached(one, true);
    await store.setDetached(three, true);
    await store.setDetached(three, false);
    expect(await takeAll(store, user, 1)).toHaveLength(1);
    expect(lost).toEqual([two.permitId]);
    expect(await takeAll(store, user, 2)).toHaveLength(1);
    expect(lost).toEqual([two.permitId, one.permitId]);
    expect(store.view().total_connections).toBe(3);
    await store.release(two);
    expect(store.view().total_connections).toBe(3);
  });

  it('holds an adopted slot beyond the limit, and grants again below it only', async () => {
    const [store, user] = [await make(usual), newUser()];
    const held = await takeAll(store, user, 3);
    const adopted = slotOf(user);
    await store.adopt(adopted);
    expect(store.view().total_connections).toBe(4);
    await store.release(held[0] as Slot);
    expect(await store.take(slotOf(user))).toMatchObject({ granted: false, current: 3, max: 3 });
    await store.setDetached(held[1] as Slot, true);
    expect(await granted(store, slotOf(user))).toBe(true);
    await store.release(adopted);
    expect(await granted(store, slotOf(user))).toBe(true);
    expect(await granted(store, slotOf(user))).toBe(false);
  });

  it('refuses beyond an excess that too few detached streams can make up for', async () => {
    const [store, user] = [await make(usual), newUser()];
    const held = await takeAll(store, user, 3);
    await store.adopt(slotOf(user));
    await store.setDetached(held[0] as Slot, true);
    expect(await store.take(slotOf(user))).toEqual({ granted: false, limit: 'user', current: 4, max: 3 });
    expect(store.view().total_connections).toBe(4);
  });

  it('forgets a slot that another instance has adopted', async () => {
    const [store, user] = [await make(usual), newUser()];
    const [one] = await takeAll(store, user, 1);
    store.forget(one as Slot);
    await store.release(one as Slot);
    expect(store.view()).toMatchObject({ total_connections: 0, users: 0 });
  });
}
