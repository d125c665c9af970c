import type { KeptRequest } from './kept_request.ts';
import type { KeptText, ResumableRecord } from './resumable_record.ts';

/**
 * `ok`: it is in the log. `duplicate`: it was already; the reply was lost. `gap`: the log ends before it, send again
 * from `next`. `sealed`: this log was closed for ever. `lost`: the store knows no such log (any more).
 */
export type AppendReply = { kind: 'ok' | 'duplicate' | 'sealed' | 'lost' } | { kind: 'gap'; next: number };

/** `kept`: that text is. `not_mine`: the stream is another's, or over. `unknown`: the store has forgotten the stream. */
export type CheckpointReply = 'kept' | 'not_mine' | 'unknown';

/**
 * Who took a name first, and with which body: the hash of an Idempotency-Key, or what `claimName` makes of another kind.
 * A claim counts as long as its stream is known, and before that for a moment.
 */
export interface Claim {
  threadId: string;
  bodyHash: string;
  /** Names the one request that claims, so that its repeated try is known from another's. */
  claimant: string;
  /** When, by the store's clock: milliseconds since 1970. */
  at: number;
}

/** The store can't be reached, refuses for a while, or does not answer in time: everything goes on without it. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the stream log does not answer', { cause });
  }
}

/** What to go on with while the store is away; any other failure is a mistake of ours, and stays one. */
export function whileAway<T>(instead: () => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof StoreUnavailable) return instead();
    throw error;
  };
}

/**
 * Where resumable streams are kept so that another instance can go on with them: one append-only log per
 * incarnation of an instance, and a record per stream. Each method is one atomic step, and can be repeated harmlessly.
 * All reject with StoreUnavailable when the store does not answer in time.
 */
export interface LogStore {
  /** Whether other instances see it too. */
  readonly shared: boolean;
  /** Its clock, in milliseconds since 1970. */
  time(): Promise<number>;
  /** Begins the log of an incarnation; `peer` is where the other instances reach it until it exits. */
  register(incarnation: string, peer: string): Promise<void>;
  /** Puts group number `n` (from 1, without gaps) at the end and renews the lease; an empty group only renews. */
  append(incarnation: string, n: number, group: string): Promise<AppendReply>;
  /** Renews the incarnation's place among the living. @returns incarnations whose time is over, for recovery */
  beat(incarnation: string): Promise<string[]>;
  /** Closes a log for ever, at once or (not forced) only when its lease is over. @returns whether it is closed now */
  seal(incarnation: string, force: boolean): Promise<boolean>;
  /** All groups of a closed log, in order. */
  scan(incarnation: string): AsyncIterable<string>;
  /** Lets go of groups below `n`: what they hold is checkpointed or over. */
  trim(incarnation: string, n: number): Promise<void>;
  /** Closes the own log for ever, and says so: the next instance that looks takes over what it has open. */
  retire(incarnation: string): Promise<void>;
  /** Whether the incarnation has closed its log itself; false where it died, was fenced, or is not known. */
  isRetired(incarnation: string): Promise<boolean>;
  /** The incarnation has nothing open any more. */
  forget(incarnation: string): Promise<void>;
  /** Undefined where the incarnation, or its address, is not known. */
  peerOf(incarnation: string): Promise<string | undefined>;

  /** @returns false when the id was used before: live, or retained; a repeat with the same record is none */
  create(record: ResumableRecord, request: KeptRequest | undefined): Promise<boolean>;
  /** Takes back a stream whose provider failed before anything was said; another's of that id stays. */
  discard(record: ResumableRecord): Promise<void>;
  read(threadId: string): Promise<ResumableRecord | undefined>;
  /** Undefined where it was too large to keep. */
  readRequest(threadId: string): Promise<KeptRequest | undefined>;
  /** Checkpointed text; with the terminal once the stream is done. */
  readText(threadId: string): Promise<KeptText>;
  /**
   * Makes `next.owner` the owner if `from` still is (or if there is none, because the store has forgotten the stream).
   * @param request kept again where the store has forgotten it
   * @returns how much text is kept apart from the log; -1 when it has another owner, or is over
   */
  adopt(next: ResumableRecord, from: string, request: KeptRequest | undefined): Promise<number>;
  /** Keeps the provider's name for the running answer. @returns false when the stream is not this record's owner's */
  setProviderRun(record: ResumableRecord, run: string): Promise<boolean>;
  /** Keeps provider and model that are asked now, and no run. @returns false as {@link setProviderRun} */
  setTarget(record: ResumableRecord): Promise<boolean>;
  /**
   * Keeps the text up to a sequence number apart from the log; sends what is not kept yet, by the record's belief.
   * @param contents all of it
   */
  checkpoint(record: ResumableRecord, contents: readonly string[], upTo: number): Promise<CheckpointReply>;
  /**
   * Ends it: all text and the terminal, readable for a while; also where the store has forgotten it.
   * @returns false when it is another's
   */
  finish(record: ResumableRecord, contents: readonly string[], terminal: string): Promise<boolean>;

  /**
   * Undefined when the name is now ours. Its claim is kept for longer than any stream and its end can be read.
   * @param over a claim that counts no longer: it is replaced, if it still is the one that holds the name
   */
  claim(userId: string, name: string, claim: Claim, over?: Claim): Promise<Claim | undefined>;
  /** Undefined where the name is free. */
  readClaim(userId: string, name: string): Promise<Claim | undefined>;
  /** Frees the name, if this very claim holds it. @returns whether it did */
  dropClaim(userId: string, name: string, claim: Claim): Promise<boolean>;
}
