import { hash } from 'node:crypto';

/** Names one conversation of one user: 32 evenly spread bits. Two that share a number share their targets, no more. */
export type Conversation = number;

/** Finds the conversation of a request; asked only where the order of targets depends on it. Undefined where it has none. */
export type FindConversation = () => Conversation | undefined;

/**
 * The user is a part of it, so that what one user names or says has no influence on the targets of another.
 * @param name what the client calls its conversation, or how the conversation begins
 */
export function conversationOf(userId: string, name: string): Conversation {
  return hash('sha256', `${userId}\0${name}`, 'buffer').readUInt32LE(0);
}

/**
 * How much a conversation prefers a target; the largest goes first. Weighted rendezvous hashing (D. Thaler and
 * C. Ravishankar, 1998): every instance computes the same order without shared state, each target is first for its share
 * of the conversations, and one target more or less moves only that target's share.
 * @param target a name that stays when other targets come and go
 * @param weight 0 or more; with 0 it goes after all that have one
 */
export function preference(conversation: Conversation, target: string, weight: number): number {
  if (weight === 0) return 0;
  const drawn = (mixed(conversation ^ nameHash(target)) + 0.5) / 2 ** 32;
  return weight / -Math.log(drawn);
}

/** FNV-1a. */
function nameHash(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return mixed(bits);
}

/** The last step of MurmurHash3: each bit of the input changes half of the 32 that come out. */
function mixed(bits: number): number {
  let out = bits ^ (bits >>> 16);
  out = Math.imul(out, 0x85ebca6b);
  out = Math.imul(out ^ (out >>> 13), 0xc2b2ae35);
  return (out ^ (out >>> 16)) >>> 0;
}
