import type { TraceContext } from '../observe/stream_span.ts';

/** What every instance can know of a resumable stream; its text lies apart. */
export interface ResumableRecord {
  id: string;
  /** The version of its log; absent of plain text of `/api/v1/stream`, whose log is as it always was. */
  log?: number;
  /** What the entries of its log are, by the name of their `LogFormat`; absent as `log`. */
  format?: string;
  /** A response that runs in the background: with or without readers, for longer, and in a slot that stays its own. */
  background?: true;
  /** The incarnation of an instance that produces it now. */
  owner: string;
  /** Its number in the owner's log: short, for it stands before every piece of text. */
  number: string;
  /** Rises with each change of the owner. */
  epoch: number;
  /** Last sequence number of each past epoch, the first epoch first. */
  ends: number[];
  state: 'running' | 'done';
  /** Sequence number up to which the text is kept apart from the owner's log. */
  checkpoint: number;
  /** How often a dead owner's work was taken over; those of owners that left in order do not count. */
  takeovers: number;
  userId: string;
  /** Any user who has it may attach and cancel. */
  token: string;
  permitId: string;
  /** Who is asked for it, or has said what was said. */
  provider: string;
  /** As that provider calls it. */
  model: string;
  /** What the client asked for, where that was a route; kept with a version of the log. */
  route?: string;
  /** The name under which the provider runs the answer; only where it goes on without us. */
  providerRun?: string;
  /** The instance that the client reached first, as its status says. */
  instance: string;
  /** In UTF-16 units, for the estimate of tokens. */
  promptLength: number;
  /** The span of the instance that produces it, or did last; where traces are on. */
  trace?: TraceContext;
  /** Its claim of an Idempotency-Key, for a store that forgets it while the stream lives. */
  claim?: { key: string; bodyHash: string; claimant: string; at: number };
  /** Milliseconds since 1970, by the store. */
  createdAt: number;
}

/**
 * The owner as stores compare it. With a version it is another than the record's: an instance that is older than versions
 * can read such a stream through its owner, and can't write to it.
 */
export function storedOwner(owner: string, { log }: Pick<ResumableRecord, 'log'>): string {
  return log === undefined ? owner : `${owner} ${log}`;
}

/** A terminal frame as it was, or will be, sent; and the text before it. */
export interface KeptText {
  contents: string[];
  terminal: string | undefined;
}
