import type { DurableCore } from './durable_core.ts';
import type { Thread } from './thread.ts';

const RETRY_MS = 200;
const CERTAIN_MS = 1_000;

/**
 * Begins a new log after this boot was fenced: sealed by another instance while this one slept, forgotten by a store
 * that was restarted empty, or silent for longer than its lease. Threads that no other instance took over meanwhile go on under
 * the new boot; the others' readers are cut without an end, come back, and find the new owner. Tries until it succeeds.
 */
export async function beginNewBoot(core: DurableCore, boot: string, peer: string): Promise<void> {
  const old = core.wal.boot;
  core.log.warn('0', 'This boot was fenced; going on as a new one', { boot: old, streams: core.threads.size });
  const fencedAt = performance.now();
  for (;;) {
    try {
      await core.store.seal(old, true);
      await core.store.register(boot, peer);
      // Threads may come while others are brought over; none may be left behind under the old boot.
      for (let left = strangers(core, boot); left.length > 0; left = strangers(core, boot)) {
        for (const thread of left) await keep(core, thread, boot);
      }
      core.wal.begin(boot);
      for (const thread of core.threads.values()) if (!thread.gone) thread.logAgain();
      core.wal.caughtUp();
      core.log.info('0', 'New boot', { boot, streams: core.threads.size });
      await core.store.forget(old).catch(() => {});
      return;
    } catch {
      // Without a store no instance can have taken over, and no stream needs to wait. But one lost answer proves nothing, and
      // an instance that slept may well have a successor.
      if (performance.now() - fencedAt > CERTAIN_MS) core.wal.goLate();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function strangers(core: DurableCore, boot: string): Thread[] {
  return [...core.threads.values()].filter(({ record, gone }) => record.owner !== boot && !gone);
}

/** @throws when the store does not answer; it can then be called again */
async function keep(core: DurableCore, thread: Thread, boot: string): Promise<void> {
  const { record, request, contents } = thread;
  const number = core.wal.enroll();
  for (;;) {
    const end = thread.committed;
    // The end of one that is over was delivered under its epoch, and stays what it was.
    const epoch = thread.over ? {} : { epoch: record.epoch + 1, ends: [...record.ends, end] };
    const next = { ...record, owner: boot, number, ...epoch };
    const stored = await core.store.adopt(next, record.owner, request);
    if (stored < 0) {
      thread.leave();
      return;
    }
    if (end > stored) {
      const reply = await core.store.checkpoint({ ...next, checkpoint: stored }, contents, end);
      if (reply === 'unknown') continue;
      if (reply === 'not_mine') {
        thread.leave();
        return;
      }
    }
    // What went out unlogged meanwhile still bears the old epoch, so that ends later.
    if (thread.committed !== end) continue;
    thread.record = { ...next, checkpoint: Math.max(stored, end) };
    return;
  }
}
