import type { Cursor } from './cursor.ts';
import type { ReaderWish } from './log_format.ts';

/**
 * `gone`: no process listens there, or another incarnation does, so that one is dead for certain. `silent`: no answer,
 * which proves nothing. `unknown`: it lives, and has no such stream (any more, or yet).
 */
export type PeerSilence = 'gone' | 'silent' | 'unknown';

/** What a living owner answers: frames from the cursor on, or that there is nothing after it. */
export type PeerAnswer =
  | { kind: 'frames'; frames: AsyncIterable<Uint8Array> }
  | { kind: 'ended' }
  /** Only to readers that want to be refused then. */
  | { kind: 'regressed' };

/** The private way to the other instances. */
export interface Peers {
  /**
   * @param address as its incarnation registered it; without one, or where it can't be reached from here, `silent`
   * @param cursor the caller's right was checked already
   */
  read(
    address: string | undefined,
    incarnation: string,
    threadId: string,
    cursor: Cursor | undefined,
    wish: ReaderWish,
  ): Promise<PeerAnswer | PeerSilence>;
  cancel(address: string | undefined, incarnation: string, threadId: string): Promise<'cancelled' | PeerSilence>;
}
