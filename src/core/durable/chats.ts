import { WeirError } from '../../formats/error_code.ts';
import { cancelResumable } from './cancel_resumable.ts';
import { type Claimed, claimName, findClaimed, newClaim } from './claims.ts';
import type { DurableCore } from './durable_core.ts';
import { lookAgain } from './locate_resumable.ts';
import type { Claim } from './log_store.ts';
import type { ResumableRecord } from './resumable_record.ts';

/**
 * A chat names the answer that its client may still want: the one that runs, or one whose end has been written to no
 * reader. The claim goes when the answer was read to its end, or was stopped.
 */

/** Looks for what another request, or another instance, is about to do. */
const LOOKS = 10;

/** The answer that a request is about to make has the name of its chat. */
export interface ChatClaim {
  /** As the stream's record keeps it. */
  kept: ResumableRecord['claim'];
  /** Whether neither a later request nor a stop has taken it away. */
  holds(): Promise<boolean>;
  drop(): Promise<void>;
}

/**
 * Gives the chat to the answer `threadId`, and ends the one that had it.
 * @throws StoreUnavailable; WeirError where the one before can't be ended now
 */
export async function takeChat(
  core: DurableCore,
  userId: string,
  chatId: string,
  threadId: string,
): Promise<ChatClaim> {
  const { store } = core;
  const name = claimName('chat', chatId);
  const mine = newClaim(core, threadId);
  let over: Claim | undefined;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const holder = await store.claim(userId, name, mine, over);
    if (holder === undefined || holder.claimant === mine.claimant) break;
    over = holder;
  }
  if (over) await endAnswer(core, userId, over.threadId);
  const { bodyHash, claimant, at } = mine;
  return {
    kept: { key: name, bodyHash, claimant, at },
    holds: async () => (await store.readClaim(userId, name))?.claimant === claimant,
    drop: async () => void (await store.dropClaim(userId, name, mine).catch(() => {})),
  };
}

/** The answer of a chat that there is something to read of. @throws StoreUnavailable */
export async function findChat(
  core: DurableCore,
  userId: string,
  chatId: string,
): Promise<ResumableRecord | undefined> {
  const found = await foundChat(core, userId, chatId);
  return found?.record;
}

/**
 * Stops what a chat is answering, on whichever instance it runs.
 * @returns whether there was something
 * @throws StoreUnavailable; WeirError service_unavailable
 */
export async function stopChat(core: DurableCore, userId: string, chatId: string): Promise<boolean> {
  const found = await foundChat(core, userId, chatId);
  if (!found || found.record?.state === 'done') return false;
  const { claim } = found;
  await cancelIfKnown(core, userId, claim.threadId);
  await core.store.dropClaim(userId, claimName('chat', chatId), claim);
  return true;
}

/** A reader has got the end of an answer: its chat has nothing more to resume. */
export async function chatDelivered({ store }: DurableCore, { id, userId, claim }: ResumableRecord): Promise<void> {
  if (!claim) return;
  const { key, bodyHash, claimant, at } = claim;
  await store.dropClaim(userId, key, { threadId: id, bodyHash, claimant, at }).catch(() => {});
}

/** Its stream may be about to be made. */
async function foundChat(core: DurableCore, userId: string, chatId: string): Promise<Claimed | undefined> {
  const name = claimName('chat', chatId);
  for (let looks = 0; ; looks += 1) {
    const found = await findClaimed(core, userId, name);
    if (!found || found.record || looks === LOOKS) return found;
    await lookAgain(looks);
  }
}

/** Resolves when its slot is free, or in a moment. */
async function endAnswer(core: DurableCore, userId: string, threadId: string): Promise<void> {
  if (!(await cancelIfKnown(core, userId, threadId))) return;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const record = await core.store.read(threadId);
    if (!record || record.state === 'done') return;
    await lookAgain(looks);
  }
}

async function cancelIfKnown(core: DurableCore, userId: string, threadId: string): Promise<boolean> {
  try {
    await cancelResumable(core, threadId, { userId, token: undefined });
    return true;
  } catch (error) {
    if (error instanceof WeirError && error.code === 'not_found') return false;
    throw error;
  }
}
