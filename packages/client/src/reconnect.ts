/** Another instance is ready immediately. The jitter spreads the clients of a dead instance. */
const FIRST_JITTER_MS = 50;
const BASE_MS = 100;
const LONGEST_MS = 5_000;

/** State after a failed attempt. */
export interface FailedTry {
  /** Attempts in a row without an event; 1 after a connection that delivered one. */
  attempt: number;
  /** Seconds that the server asked to wait. */
  retryAfter?: number | undefined;
  /** Milliseconds since the last data, or since the start. */
  silentMs: number;
  giveUpAfterMs: number;
  /** From 0 to below 1. */
  random: number;
}

/**
 * Milliseconds to wait before the next attempt, or undefined to give up: exponential backoff with full jitter, added to
 * `retryAfter`. The first attempt is always made, because after a machine's sleep the silence is long.
 */
export function nextTryMs({ attempt, retryAfter = 0, silentMs, giveUpAfterMs, random }: FailedTry): number | undefined {
  const askedMs = retryAfter * 1000;
  if (attempt === 1) return askedMs > giveUpAfterMs ? undefined : askedMs + random * FIRST_JITTER_MS;
  const leftMs = giveUpAfterMs - silentMs;
  if (leftMs <= 0 || askedMs > leftMs) return undefined;
  const backOffMs = Math.min(LONGEST_MS, BASE_MS * 2 ** (attempt - 2));
  return Math.min(leftMs, askedMs + random * backOffMs);
}

/** `plain`: the only request of a stream that is not resumable. */
export type CallKind = 'plain' | 'open' | 'attach';

/** Meaning of a status: follow the stream, try again, or an end. */
export type Verdict = 'stream' | 'again' | 'at_end' | 'gone' | 'refused';

/** Opening takes a slot, so it is repeated only if no instance was reached. Attaching takes none. */
export function judgeStatus(kind: CallKind, status: number): Verdict {
  if (status === 200) return 'stream';
  if (kind === 'open' && (status === 502 || status === 503 || status === 504)) return 'again';
  if (kind !== 'attach') return 'refused';
  if (status === 204) return 'at_end';
  if (status === 404) return 'gone';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}

/** A change of connection within a stream. */
export interface Reconnect {
  /** Number of the last event before it; -1 if there was none. */
  atSeq: number;
  fromInstance: string | null;
  toInstance: string | null;
  /** From the last event (or the head) before it to the first event after it, in milliseconds. */
  gapMs: number;
}

/** Records changes of connection. Connections without an event do not count. */
export class ReconnectLog {
  readonly reconnects: Reconnect[] = [];
  #seq: number;
  #atMs = 0;
  #from: string | null | undefined;
  #to: string | null = null;
  #isPending = false;

  /** @param seq number of the last event that the caller has; -1 for none */
  constructor(seq: number) {
    this.#seq = seq;
  }

  /** A connection delivers the stream. */
  connected(instance: string | null, nowMs: number): void {
    this.#to = instance;
    if (this.#from !== undefined) {
      this.#isPending = true;
      return;
    }
    this.#from = instance;
    this.#atMs = nowMs;
  }

  /** The event with this number arrived. */
  event(seq: number, nowMs: number): void {
    if (this.#isPending) {
      const gapMs = nowMs - this.#atMs;
      this.reconnects.push({ atSeq: this.#seq, fromInstance: this.#from ?? null, toInstance: this.#to, gapMs });
      this.#isPending = false;
    }
    this.#seq = seq;
    this.#atMs = nowMs;
    this.#from = this.#to;
  }
}
