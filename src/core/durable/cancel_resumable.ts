import { WeirError } from '../../formats/error_code.ts';
import type { DurableCore } from './durable_core.ts';
import {
  type Caller,
  lookAgain,
  mustBeAllowed,
  notKnown,
  notTakenOver,
  ownerSilent,
  unavailable,
} from './locate_resumable.ts';
import { logFormatOf } from './log_format.ts';
import { whileAway } from './log_store.ts';
import { takeOver } from './take_over.ts';

const TRIES = 10;

/** @returns false where it is not produced here */
export function cancelHere(core: DurableCore, threadId: string): boolean {
  const stream = core.streams.get(threadId);
  if (!stream || stream.gone) return false;
  stream.abort.abort(new WeirError('cancelled'));
  return true;
}

/**
 * Cancels a stream, on whichever instance it runs; one that is over stays as it is.
 * @throws WeirError not_found, service_unavailable
 */
export function cancelResumable(core: DurableCore, threadId: string, caller: Caller): Promise<void> {
  return cancelWherever(core, threadId, caller).catch(whileAway(unavailable));
}

async function cancelWherever(core: DurableCore, threadId: string, caller: Caller): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const mine = core.streams.get(threadId);
    if (mine && !mine.gone) {
      mustBeAllowed(mine.record, caller);
      cancelHere(core, threadId);
      return;
    }
    const record = await core.store.read(threadId);
    if (!record) throw new WeirError('not_found');
    mustBeAllowed(record, caller);
    if (record.state === 'done') return;
    const address = await core.store.peerOf(record.owner);
    const answer = await core.peers.cancel(address, record.owner, threadId);
    if (answer === 'cancelled') return;
    if (answer !== 'unknown' && !logFormatOf(core.formats, record)) throw notKnown();
    // A dead owner can't be asked: the stream is taken over, and then cancelled here.
    const isDead = answer !== 'unknown' && (await core.store.seal(record.owner, answer === 'gone'));
    if (!isDead || !(await takeOver(core, record))) await lookAgain(tries);
  }
  throw core.takingOver.has(threadId) ? notTakenOver() : ownerSilent();
}
