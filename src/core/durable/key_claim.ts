import { WeirError } from '../../formats/error_code.ts';
import { CLAIM_MS, newClaim } from './claims.ts';
import type { DurableCore } from './durable_core.ts';
import { type Located, locateResumable, lookAgain } from './locate_resumable.ts';
import type { ReaderWish } from './log_format.ts';
import { type Claim, whileAway } from './log_store.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** A repeat waits until then, and for a little longer. */
const REPEAT_TIMEOUT_MS = CLAIM_MS + 2_000;

/** A request with a key, which may be used once. */
export interface KeyedRequest {
  userId: string;
  threadId: string;
  idempotency: { key: string; bodyHash: string };
  /** How its client reads. */
  wish: ReaderWish;
  /** Called when it turns out to be a repeat, so one more reader. @throws WeirError where that is one too many */
  onRepeat: () => void;
}

/** `unknown`: the store does not say whose the key is, so nothing may be begun under it that others could find. */
export type KeyClaim =
  | { kind: 'mine'; record: ResumableRecord['claim']; giveBack(): Promise<void> }
  | { kind: 'repeat'; located: Located }
  | { kind: 'unknown' };

/**
 * Claims the key, or finds the stream of the request that did. A claim without a stream, as its instance died or the
 * stream is kept no longer, is replaced.
 * @throws WeirError validation_error for another body; service_unavailable; as {@link locateResumable}
 */
export async function claimKey(core: DurableCore, request: KeyedRequest): Promise<KeyClaim> {
  const { userId, threadId, idempotency, onRepeat } = request;
  const { key, bodyHash } = idempotency;
  const { store, clock } = core;
  const until = performance.now() + REPEAT_TIMEOUT_MS;
  const mine = newClaim(core, threadId, bodyHash);
  const { claimant, at } = mine;
  const record = { key, bodyHash, claimant, at };
  const giveBack = async () => void (await store.dropClaim(userId, key, mine).catch(() => {}));
  let over: Claim | undefined;
  let isRepeat = false;
  for (let looks = 0; ; looks += 1) {
    const first = await store.claim(userId, key, mine, over).catch(whileAway(() => null));
    if (first === null) return { kind: 'unknown' };
    // A try whose answer was lost may have claimed it.
    if (first === undefined || first.claimant === mine.claimant) return { kind: 'mine', record, giveBack };
    const isOld = clock.now() - first.at > CLAIM_MS;
    if (first.bodyHash === bodyHash) {
      if (!isRepeat) onRepeat();
      isRepeat = true;
      const located = await find(core, first, userId, request.wish);
      if (located) return { kind: 'repeat', located };
    } else if (!isOld || (await isKnown(core, first))) {
      const message = 'This Idempotency-Key was used with another body; use a new key for a new request.';
      const fields = [{ field: 'Idempotency-Key', message: 'was used with another body' }];
      throw new WeirError('validation_error', { message, details: { fields } });
    }
    over = isOld ? first : undefined;
    if (performance.now() > until) throw new WeirError('service_unavailable', { retryAfter: 1 });
    if (!over) await lookAgain(looks);
  }
}

/** Undefined where the claim has no stream, yet or any more. */
async function find(
  core: DurableCore,
  { threadId }: Claim,
  userId: string,
  wish: ReaderWish,
): Promise<Located | undefined> {
  try {
    return await locateResumable(core, threadId, { userId, token: undefined }, undefined, wish);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Where the store does not say, it is: nothing is replaced then. */
async function isKnown({ store }: DurableCore, { threadId }: Claim): Promise<boolean> {
  return (await store.read(threadId).catch(whileAway(() => null))) !== undefined;
}
