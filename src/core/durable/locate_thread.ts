import { WeirError } from '../../formats/error_code.ts';
import { TAKEOVER_WAIT_MS } from '../../formats/timing.ts';
import { instanceOfBoot } from './boot_name.ts';
import { type Cursor, placeOf } from './cursor.ts';
import type { DurableCore } from './durable_core.ts';
import type { LogSubscriber, ThreadSource } from './log_subscriber.ts';
import { lookAgain } from './look_again.ts';
import { whileAway } from './store_unavailable.ts';
import { takeOver } from './take_over.ts';
import type { ThreadRecord } from './thread_record.ts';

/** The client that asks. Its token opens a thread to any user who has it. */
export interface Caller {
  userId: string;
  token: string | undefined;
}

/**
 * Where a thread can be read: here, or through the instance that produces it; or that there is nothing more. `producer`
 * is the name of that instance, or of the one that did last.
 */
export type Located = { threadId: string; producer: string } & (
  | { kind: 'source'; source: ThreadSource }
  | { kind: 'peer'; frames: AsyncIterable<Uint8Array> }
  | { kind: 'regressed'; delivered: Cursor }
  | { kind: 'ended' }
);

/** A takeover that has failed so often here is not waited for. */
const MAX_FAILURES = 5;

/**
 * Finds a thread wherever it is. A dead owner's is taken over, at once where its death is certain, and after its lease
 * where it is only silent.
 * @throws WeirError not_found where the thread is unknown, or the caller's business is not with it; bad_request;
 * service_unavailable
 */
export async function locateThread(
  core: DurableCore,
  threadId: string,
  caller: Caller,
  cursor: Cursor | undefined,
): Promise<Located> {
  const until = performance.now() + TAKEOVER_WAIT_MS;
  let isTaken = false;
  for (let looks = 0; ; looks += 1) {
    const mine = core.threads.get(threadId);
    if (mine && !mine.gone) {
      mustBeAllowed(mine.record, caller);
      await mine.opened;
      if (mine.gone) continue;
      return place(mine, mine.record, cursor);
    }
    const record = await core.store.read(threadId).catch(whileAway(unavailable));
    if (!record) throw new WeirError('not_found');
    mustBeAllowed(record, caller);
    if (record.state === 'done') return place(await finished(core, record), record, cursor);
    const answer = await askOwner(core, record, cursor);
    if (typeof answer === 'object') return answer;
    // It is here now, or on another instance.
    if (answer === 'taken over' && !isTaken) {
      isTaken = true;
      continue;
    }
    const failures = core.takingOver.get(threadId)?.failures ?? 0;
    if (failures >= MAX_FAILURES) throw notTakenOver();
    if (performance.now() > until) throw failures > 0 ? notTakenOver() : ownerSilent();
    await lookAgain(looks);
  }
}

/** @throws WeirError not_found for another user's thread, so that its id stays secret */
export function mustBeAllowed(record: ThreadRecord, { userId, token }: Caller): void {
  if (record.userId !== userId && record.token !== token) throw new WeirError('not_found');
}

/** @returns undefined when one has to look again in a moment: it is about to end, its owner is silent, or a try failed */
async function askOwner(
  core: DurableCore,
  record: ThreadRecord,
  cursor: Cursor | undefined,
): Promise<Located | 'taken over' | undefined> {
  if (record.owner === core.wal.boot) return undefined;
  const address = await core.store.peerOf(record.owner).catch(whileAway(unavailable));
  const answer = await core.peers.read(address, record.owner, record.id, cursor);
  if (answer === 'unknown') return undefined;
  if (typeof answer !== 'string') {
    const about = { threadId: record.id, producer: instanceOfBoot(record.owner) };
    return answer.kind === 'frames' ? { ...about, kind: 'peer', frames: answer.frames } : { ...about, kind: 'ended' };
  }
  const sealed = await core.store.seal(record.owner, answer === 'gone').catch(whileAway(() => false));
  if (!sealed) return undefined;
  return (await takeOver(core, record)) ? 'taken over' : undefined;
}

/** Where a client with this cursor goes on in a thread that can be read here. @throws WeirError bad_request */
export function place(source: ThreadSource, record: ThreadRecord, cursor: Cursor | undefined): Located {
  const about = { threadId: record.id, producer: instanceOfBoot(record.owner) };
  if (!cursor) return { ...about, kind: 'source', source };
  const last = source.over ? source.committed + 1 : source.committed;
  if (placeOf(cursor, record, last) === 'regressed') return { ...about, kind: 'regressed', delivered: cursor };
  return source.over && cursor.seq === last ? { ...about, kind: 'ended' } : { ...about, kind: 'source', source };
}

/** A thread that is over, as it was. */
async function finished(core: DurableCore, record: ThreadRecord): Promise<ThreadSource> {
  const { contents, terminal } = await core.store.readText(record.id).catch(whileAway(unavailable));
  const readers = new Set<LogSubscriber>();
  return {
    contents,
    committed: contents.length,
    over: true,
    terminal,
    encoder: core.encoder(record, () => record),
    attach: (reader) => void readers.add(reader),
    detach: (reader) => void readers.delete(reader),
  };
}

/** @throws WeirError service_unavailable: the store does not answer */
export function unavailable(): never {
  throw new WeirError('service_unavailable', {
    message: 'The stream log cannot be reached now; try again in a moment.',
    details: { reason: 'redis' },
    retryAfter: 1,
  });
}

export function notTakenOver(): WeirError {
  return new WeirError('service_unavailable', {
    message: 'The instance that produced this stream is gone, and going on with it failed; try again in a moment.',
    details: { reason: 'takeover' },
    retryAfter: 2,
  });
}

export function ownerSilent(): WeirError {
  return new WeirError('service_unavailable', {
    message: 'The instance that produces this stream does not answer; try again in a moment.',
    details: { reason: 'owner' },
    retryAfter: 1,
  });
}
