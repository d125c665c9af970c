import { WeirError } from '../../formats/error_code.ts';
import { findClaimed } from './claims.ts';
import type { DurableCore } from './durable_core.ts';
import { type Located, locateResumable } from './locate_resumable.ts';
import { logFormatOf, type ReaderWish } from './log_format.ts';
import { type Claim, StoreUnavailable } from './log_store.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** A request that may be one that was sent before. */
export interface RetriedRequest {
  userId: string;
  /** Of the claim of the request itself: equal for equal requests. */
  attachName: string;
  wish: ReaderWish;
  /** Called when it turns out to be one. @throws WeirError where that is one reader too many */
  onRepeat(): void;
}

/** `over`: a claim that leads to nothing for this request, and may be replaced. */
export type Attaching = { located: Located } | { over: Claim | undefined };

/**
 * Finds the answer that an equal request has begun, if each of its readers left before its end was sent to any of them,
 * and it was not given up since. A request beside a reader, or after an answer that was delivered, is a new one.
 * @throws WeirError as {@link locateResumable}
 */
export async function attachAgain(core: DurableCore, request: RetriedRequest): Promise<Attaching> {
  const { userId, attachName: name, wish, onRepeat } = request;
  try {
    const found = await findClaimed(core, userId, name);
    if (!found?.record) return { over: found?.claim ?? (await core.store.readClaim(userId, name)) };
    const { claim, record } = found;
    if (record.state === 'done') {
      // One of several that come at once gets it.
      if (!isInTime(core, record) || !(await core.store.dropClaim(userId, name, claim))) return { over: claim };
    }
    onRepeat();
    const caller = { userId, token: undefined };
    return { located: await locateResumable(core, record.id, caller, undefined, { ...wish, isRetry: true }) };
  } catch (error) {
    if (error instanceof StoreUnavailable) return { over: undefined };
    if (!(error instanceof WeirError) || error.code !== 'not_found') throw error;
    return { over: await core.store.readClaim(userId, name).catch(() => undefined) };
  }
}

/** Whether a stream that has ended without a reader is still waited for. */
function isInTime({ formats, clock }: DurableCore, record: ResumableRecord): boolean {
  const graceMs = logFormatOf(formats, record)?.graceMs ?? 0;
  return record.leftAt !== undefined && clock.now() - record.leftAt <= graceMs;
}
