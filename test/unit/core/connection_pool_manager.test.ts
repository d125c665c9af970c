import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySlotStore } from '../../../src/adapters/stores/slots/memory_slot_store.ts';
import {
  ConnectionPoolExhaustedError,
  ConnectionPoolManager,
  type Permit,
  poolState,
  UserConnectionLimitError,
} from '../../../src/core/resilience/connection_pool_manager.ts';
import { silentLog } from '../../support/silent_log.ts';

function pool(maxConnections: number, maxConnectionsPerUser: number): ConnectionPoolManager {
  return new ConnectionPoolManager(new MemorySlotStore({ maxConnections, maxConnectionsPerUser }), silentLog, 'boot');
}

describe('ConnectionPoolManager', () => {
  it('grants one user three of ten at once and refuses seven', async () => {
    const manager = pool(100, 3);
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => manager.acquireConnection('u', 't')));
    const refused = results.filter((result) => result.status === 'rejected').map((result) => result.reason);
    expect(refused).toHaveLength(7);
    expect(refused[0]).toBeInstanceOf(UserConnectionLimitError);
    expect(refused[0]).toMatchObject({
      code: 'too_many_connections',
      message: 'Too many concurrent connections. Maximum 3 allowed.',
      details: { current: 3, max: 3, scope: 'instance', user_id: 'u' },
      retryAfter: 2,
    });
    expect(manager.view().total_connections).toBe(3);
  });

  it('refuses everybody when all slots are taken, and counts a refusal nowhere', async () => {
    const manager = pool(2, 2);
    await manager.acquireConnection('a', 't');
    await manager.acquireConnection('b', 't');
    for (let round = 0; round < 100; round += 1) {
      await expect(manager.acquireConnection(`c${round}`, 't')).rejects.toBeInstanceOf(ConnectionPoolExhaustedError);
    }
    expect(manager.view()).toMatchObject({ total_connections: 2, users: 2, state: 'exhausted' });
  });

  it('gives a slot back with the scope, and only once', async () => {
    const manager = pool(10, 3);
    const other = await manager.acquireConnection('u', 't');
    {
      await using permit = await manager.acquireConnection('u', 't');
      expect(manager.view().total_connections).toBe(2);
      await permit.release();
      await permit.release();
    }
    expect(manager.view().total_connections).toBe(1);
    await other.release();
    expect(manager.view()).toMatchObject({ total_connections: 0, users: 0 });
  });

  it('lets a stream without a reader give way to a new one, and notifies its owner once', async () => {
    const manager = pool(100, 2);
    const abandoned = await manager.acquireConnection('u', 't');
    const read = await manager.acquireConnection('u', 't');
    await abandoned.setDetached(true);
    await read.setDetached(true);
    await read.setDetached(false);
    const lost: string[] = [];
    abandoned.onLost((error) => lost.push(error.code));
    read.onLost(() => lost.push('the wrong one'));
    await manager.acquireConnection('u', 't');
    expect(lost).toEqual(['too_many_connections']);
    await expect(manager.acquireConnection('u', 't')).rejects.toBeInstanceOf(UserConnectionLimitError);
    await abandoned.release();
    expect(manager.view().total_connections).toBe(2);
  });

  it('notifies an owner that asks late, too, and none after its release', async () => {
    const manager = pool(100, 1);
    const first = await manager.acquireConnection('u', 't');
    await first.setDetached(true);
    const second = await manager.acquireConnection('u', 't');
    let losses = 0;
    first.onLost(() => losses++);
    expect(losses).toBe(1);
    await second.setDetached(true);
    second.onLost(() => losses++);
    await second.release();
    await manager.acquireConnection('u', 't');
    expect(losses).toBe(1);
  });

  it('adopts a stream of another instance beyond the limit, and counts it from then on', async () => {
    const manager = pool(100, 1);
    const own = await manager.acquireConnection('u', 't');
    const adopted = await manager.adoptConnection('u', 'other-boot-1', 't');
    expect(manager.view().total_connections).toBe(2);
    await own.release();
    await expect(manager.acquireConnection('u', 't')).rejects.toMatchObject({ details: { current: 1, max: 1 } });
    await adopted.release();
    expect(manager.view()).toMatchObject({ total_connections: 0, users: 0 });
  });

  it('never exceeds a limit and ends at zero, whatever the order', async () => {
    const step = fc.record({ user: fc.constantFrom('a', 'b', 'c'), take: fc.boolean(), which: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const manager = pool(5, 3);
        const held = new Set<Permit>();
        for (const { user, take, which } of steps) {
          if (take)
            await manager.acquireConnection(user, 't').then(
              (permit) => held.add(permit),
              () => {},
            );
          else {
            const permit = [...held][which % Math.max(1, held.size)];
            await permit?.release();
            if (permit) held.delete(permit);
          }
          expect(manager.view().total_connections).toBe(held.size);
          expect(held.size).toBeLessThanOrEqual(5);
          for (const name of ['a', 'b', 'c']) {
            expect([...held].filter((permit) => permit.slot.userId === name).length).toBeLessThanOrEqual(3);
          }
        }
        for (const permit of held) await permit.release();
        expect(manager.view()).toMatchObject({ total_connections: 0, users: 0 });
      }),
    );
  });

  it.each([
    [69, 'healthy'],
    [70, 'degraded'],
    [89, 'degraded'],
    [90, 'critical'],
    [99, 'critical'],
    [100, 'exhausted'],
  ])('calls %i of 100 %s', (current, state) => {
    expect(poolState(current, 100)).toBe(state);
  });
});
