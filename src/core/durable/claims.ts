import { createHash } from 'node:crypto';
import type { Claim, LogStore } from './log_store.ts';
import type { ResumableRecord } from './resumable_record.ts';
import type { StoreClock } from './store_clock.ts';

/** What claims need of an instance. */
interface ClaimCore {
  store: LogStore;
  clock: StoreClock;
  /** A secret that can't be guessed. */
  newToken(): string;
}

/** What names a stream beside its id: a chat, a response, or the request itself, for one that sends it again. */
export type ClaimKind = 'chat' | 'response' | 'request';

/** Several may get one name at once. */
const CLAIM_TRIES = 5;

/** A claim without a stream counts for this long: its request may still be on its way to make one. */
export const CLAIM_MS = 10_000;

/** The name of a claim. Hashed: clients choose these texts. */
export function claimName(kind: ClaimKind, text: string): string {
  return `${kind}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/** A claim of this moment. @param bodyHash of what was asked, for kinds that compare it */
export function newClaim(
  { clock, newToken }: Pick<ClaimCore, 'clock' | 'newToken'>,
  threadId: string,
  bodyHash = '',
): Claim {
  return { threadId, bodyHash, claimant: newToken(), at: Math.round(clock.now()) };
}

/** Who holds a name; `record` is undefined while its stream is not made yet. */
export interface Claimed {
  claim: Claim;
  record: ResumableRecord | undefined;
}

/**
 * Who holds a name now. A claim counts no longer where its stream is not known, and it is older than {@link CLAIM_MS}.
 * @throws StoreUnavailable
 */
export async function findClaimed(
  { store, clock }: Pick<ClaimCore, 'store' | 'clock'>,
  userId: string,
  name: string,
): Promise<Claimed | undefined> {
  const claim = await store.readClaim(userId, name);
  if (!claim) return undefined;
  const known = await store.read(claim.threadId);
  // Names are made of what clients choose: no claim leads to another user's stream.
  const record = known?.userId === userId ? known : undefined;
  return record || clock.now() - claim.at <= CLAIM_MS ? { claim, record } : undefined;
}

/** The newest stream of a name gets it. Without the store it is found by its id only. Never rejects. */
export async function claimOtherName(
  core: ClaimCore,
  { id, userId }: ResumableRecord,
  name: string | undefined,
): Promise<void> {
  if (name === undefined) return;
  const claimed = claimName('response', name);
  const mine = newClaim(core, id);
  let over: Claim | undefined;
  for (let tries = 0; tries < CLAIM_TRIES; tries += 1) {
    try {
      over = await core.store.claim(userId, claimed, mine, over);
    } catch {
      return;
    }
    if (!over || over.claimant === mine.claimant) return;
  }
}
