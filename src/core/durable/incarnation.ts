import { randomBytes } from 'node:crypto';
import type { DurableCore } from './durable_core.ts';
import { keepClaim } from './keep_run.ts';
import type { ResumableStream } from './resumable_stream.ts';

const RETRY_MS = 200;
const CERTAIN_MS = 1_000;
const RANDOM_BYTES = 6;

/** A name for a new incarnation of an instance. */
export function incarnationName(instance: string): string {
  return `${instance}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

/** The instance whose incarnation this is. */
export function instanceOf(incarnation: string): string {
  return incarnation.slice(0, -(1 + 2 * RANDOM_BYTES));
}

/**
 * Begins a new log after this incarnation was fenced: sealed by another instance while this one slept, forgotten by a
 * store that was restarted empty, or silent for longer than its lease. Streams that no other instance took over meanwhile
 * go on under the new incarnation; the others' readers are cut without an end, come back, and find the new owner. Tries
 * until it succeeds.
 */
export async function beginIncarnation(core: DurableCore, incarnation: string, peer: string): Promise<void> {
  const old = core.streamLog.incarnation;
  core.log.warn('0', 'This boot was fenced; going on as a new one', { boot: old, streams: core.streams.size });
  const fencedAt = performance.now();
  for (;;) {
    try {
      await core.store.seal(old, true);
      await core.store.register(incarnation, peer);
      // Streams may come while others are brought over; none may be left behind under the old incarnation.
      for (let left = strangers(core, incarnation); left.length > 0; left = strangers(core, incarnation)) {
        for (const stream of left) await keep(core, stream, incarnation);
      }
      core.streamLog.begin(incarnation);
      for (const stream of core.streams.values()) if (!stream.gone) stream.logAgain();
      core.streamLog.caughtUp();
      core.log.info('0', 'New boot', { boot: incarnation, streams: core.streams.size });
      await core.store.forget(old).catch(() => {});
      return;
    } catch {
      // Without a store no instance can have taken over, and no stream needs to wait. But one lost answer proves nothing,
      // and an instance that slept may well have a successor.
      if (performance.now() - fencedAt > CERTAIN_MS) core.streamLog.goLate();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function strangers(core: DurableCore, incarnation: string): ResumableStream[] {
  return [...core.streams.values()].filter(
    ({ record, gone, isKept }) => record.owner !== incarnation && !gone && isKept,
  );
}

/** @throws when the store does not answer; it can then be called again */
async function keep(core: DurableCore, stream: ResumableStream, incarnation: string): Promise<void> {
  const { record, request, contents } = stream;
  const number = core.streamLog.enroll();
  for (;;) {
    const end = stream.committed;
    // The end of one that is over was delivered under its epoch, and stays what it was.
    const epoch = stream.over ? {} : { epoch: record.epoch + 1, ends: [...record.ends, end] };
    const next = { ...record, owner: incarnation, number, ...epoch };
    const stored = await core.store.adopt(next, record.owner, request);
    if (stored < 0) {
      stream.leave();
      return;
    }
    await keepClaim(core, next);
    if (end > stored) {
      const reply = await core.store.checkpoint({ ...next, checkpoint: stored }, contents, end);
      if (reply === 'unknown') continue;
      if (reply === 'not_mine') {
        stream.leave();
        return;
      }
    }
    // What went out unlogged meanwhile still bears the old epoch, so that ends later.
    if (stream.committed !== end) continue;
    stream.record = { ...next, checkpoint: Math.max(stored, end) };
    return;
  }
}
