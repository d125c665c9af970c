import { WeirError } from '../../formats/error_code.ts';
import { TAKEOVER_WAIT_MS } from '../../formats/timing.ts';
import { type Cursor, placeOf } from './cursor.ts';
import type { DurableCore } from './durable_core.ts';
import { instanceOf } from './incarnation.ts';
import { logFormatOf, type ReaderWish } from './log_format.ts';
import { whileAway } from './log_store.ts';
import type { LogSubscriber, ResumableSource } from './log_subscriber.ts';
import type { ResumableRecord } from './resumable_record.ts';
import { backOffMs, takeOver } from './take_over.ts';

/** The client that asks. Its token opens a stream to any user who has it. */
export interface Caller {
  userId: string;
  token: string | undefined;
}

/**
 * Where a stream can be read: here, or through the instance that produces it; or that there is nothing more. `producer`
 * is the name of that instance, or of the one that did last.
 */
export type Located = LocatedStream &
  (
    | { kind: 'source'; source: ResumableSource }
    | { kind: 'peer'; frames: AsyncIterable<Uint8Array> }
    /** `frame` is the error to send; `isOver`: nothing more will be said. */
    | { kind: 'regressed'; frame: string; isOver: boolean }
    | { kind: 'ended' }
  );

interface LocatedStream {
  threadId: string;
  producer: string;
  /** Opens the stream to any user who has it. Undefined where the stream says so itself, in its first event. */
  token: string | undefined;
}

/** A takeover that has failed so often here is not waited for. */
const MAX_FAILURES = 5;
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 500;

/**
 * Finds a stream wherever it is. A dead owner's is taken over, at once where its death is certain, and after its lease
 * where it is only silent.
 * @throws WeirError not_found where the stream is unknown, or the caller's business is not with it; bad_request;
 * service_unavailable
 */
export async function locateResumable(
  core: DurableCore,
  threadId: string,
  caller: Caller,
  cursor: Cursor | undefined,
  wish: ReaderWish,
): Promise<Located> {
  const until = performance.now() + TAKEOVER_WAIT_MS;
  let isTaken = false;
  for (let looks = 0; ; looks += 1) {
    const mine = core.streams.get(threadId);
    if (mine && !mine.gone) {
      mustBeAllowed(mine.record, caller);
      if (!mine.isKept) throw new WeirError('not_found');
      await mine.opened;
      if (mine.gone) continue;
      return place(mine, mine.record, cursor);
    }
    const record = await core.store.read(threadId).catch(whileAway(unavailable));
    if (!record) throw new WeirError('not_found');
    mustBeAllowed(record, caller);
    if (record.state === 'done') return place(await finished(core, record), record, cursor);
    const answer = await askOwner(core, record, cursor, wish);
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

/** @throws WeirError not_found for another user's stream, so that its id stays secret */
export function mustBeAllowed(record: ResumableRecord, { userId, token }: Caller): void {
  if (record.userId !== userId && record.token !== token) throw new WeirError('not_found');
}

/** @returns undefined when one has to look again in a moment: it is about to end, its owner is silent, or a try failed */
async function askOwner(
  core: DurableCore,
  record: ResumableRecord,
  cursor: Cursor | undefined,
  wish: ReaderWish,
): Promise<Located | 'taken over' | undefined> {
  if (record.owner === core.streamLog.incarnation) return undefined;
  const address = await core.store.peerOf(record.owner).catch(whileAway(unavailable));
  const answer = await core.peers.read(address, record.owner, record.id, cursor, wish);
  if (answer === 'unknown') return undefined;
  if (typeof answer !== 'string') {
    const about = locatedAs(record);
    if (answer.kind === 'frames') return { ...about, kind: 'peer', frames: answer.frames };
    // Asked for by a reader that needs no frame.
    if (answer.kind === 'regressed') return { ...about, kind: 'regressed', frame: '', isOver: false };
    return { ...about, kind: 'ended' };
  }
  if (!logFormatOf(core.formats, record)) throw notKnown();
  const sealed = await core.store.seal(record.owner, answer === 'gone').catch(whileAway(() => false));
  if (!sealed) return undefined;
  return (await takeOver(core, record)) ? 'taken over' : undefined;
}

/** Where a client with this cursor goes on in a stream that can be read here. @throws WeirError bad_request */
export function place(source: ResumableSource, record: ResumableRecord, cursor: Cursor | undefined): Located {
  const about = locatedAs(record);
  if (!cursor) return { ...about, kind: 'source', source };
  const { frames, committed, over, terminal } = source;
  const last = over ? committed + frames.numbersOf(terminal as string) : committed;
  if (placeOf(cursor, record, last) === 'regressed') {
    const frame = frames.error(`${cursor.epoch}.${cursor.seq + 1}`, new WeirError('log_regressed'));
    return { ...about, kind: 'regressed', frame, isOver: over };
  }
  return source.over && cursor.seq === last ? { ...about, kind: 'ended' } : { ...about, kind: 'source', source };
}

function locatedAs({ id, owner, log, format, token }: ResumableRecord): LocatedStream {
  const saysToken = log === undefined || format === 'weir_parts';
  return { threadId: id, producer: instanceOf(owner), token: saysToken ? undefined : token };
}

/** A stream that is over, as it was. */
async function finished(core: DurableCore, record: ResumableRecord): Promise<ResumableSource> {
  const format = logFormatOf(core.formats, record);
  if (!format) throw notKnown();
  const { contents, terminal } = await core.store.readText(record.id).catch(whileAway(unavailable));
  const readers = new Set<LogSubscriber>();
  return {
    contents,
    committed: contents.length,
    over: true,
    terminal,
    frames: format.frames(record, () => record),
    attach: (reader) => void readers.add(reader),
    detach: (reader) => void readers.delete(reader),
  };
}

/** Waits before another look for what another instance is about to do. @param looks that were in vain already */
export async function lookAgain(looks: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, backOffMs(looks, FIRST_LOOK_MS, LONGEST_LOOK_MS)));
}

/** @throws WeirError service_unavailable: the store does not answer */
export function unavailable(): never {
  throw new WeirError('service_unavailable', {
    message: 'The stream log cannot be reached now; try again in a moment.',
    details: { reason: 'redis' },
    retryAfter: 1,
  });
}

/** During a rolling restart another instance can answer. */
export function notKnown(): WeirError {
  return new WeirError('service_unavailable', {
    message: 'This stream is of a newer version of Weir than the instance that was asked; try again in a moment.',
    details: { reason: 'version' },
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
