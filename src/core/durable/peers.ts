import type { Cursor } from './cursor.ts';

/**
 * `gone`: no process listens there, or another boot does, so that one is dead for certain. `silent`: no answer, which
 * proves nothing. `unknown`: it lives, and has no such thread (any more, or yet).
 */
export type PeerSilence = 'gone' | 'silent' | 'unknown';

/** What a living owner answers: frames from the cursor on, or that there is nothing after it. */
export type PeerAnswer = { kind: 'frames'; frames: AsyncIterable<Uint8Array> } | { kind: 'ended' };

/** The private way to the other instances. */
export interface Peers {
  /**
   * @param address as its boot registered it; without one, or where it can't be reached from here, `silent`
   * @param cursor the caller's right was checked already
   */
  read(
    address: string | undefined,
    boot: string,
    threadId: string,
    cursor: Cursor | undefined,
  ): Promise<PeerAnswer | PeerSilence>;
  cancel(address: string | undefined, boot: string, threadId: string): Promise<'cancelled' | PeerSilence>;
}
