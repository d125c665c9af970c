/** Another instance is ready at once; the jitter keeps the clients of a dead one apart. */
const FIRST_JITTER_MS = 50;
const BASE_MS = 100;
const LONGEST_MS = 5_000;

/** What is known when a try has failed. */
export interface FailedTry {
  /** Tries in a row that brought no event; 1 right after a connection that brought some. */
  attempt: number;
  /** Seconds that the server asked to wait. */
  retryAfter?: number | undefined;
  /** Milliseconds since the last byte of the stream (or since the start, before the first). */
  silentMs: number;
  giveUpAfterMs: number;
  /** From 0 to below 1. */
  random: number;
}

/**
 * Milliseconds to wait before the next try, or undefined to give up. Exponential, with full jitter, on top of
 * `retryAfter`. A first try is always made: a machine that slept has been silent for longer than anyone would wait.
 */
export function nextTryMs({ attempt, retryAfter = 0, silentMs, giveUpAfterMs, random }: FailedTry): number | undefined {
  const askedMs = retryAfter * 1000;
  if (attempt === 1) return askedMs > giveUpAfterMs ? undefined : askedMs + random * FIRST_JITTER_MS;
  const leftMs = giveUpAfterMs - silentMs;
  if (leftMs <= 0 || askedMs > leftMs) return undefined;
  const backOffMs = Math.min(LONGEST_MS, BASE_MS * 2 ** (attempt - 2));
  return Math.min(leftMs, askedMs + random * backOffMs);
}

/** `plain` is the one request of a stream that can't be resumed. */
export type CallKind = 'plain' | 'open' | 'attach';

/** What a status means: follow the stream, try again, or one of four ends. */
export type Verdict = 'stream' | 'again' | 'at_end' | 'gone' | 'refused';

/** Opening costs a slot, so there only a broken way to the instance is tried again; attaching costs nothing. */
export function judgeStatus(kind: CallKind, status: number): Verdict {
  if (status === 200) return 'stream';
  if (kind === 'open' && (status === 502 || status === 503 || status === 504)) return 'again';
  if (kind !== 'attach') return 'refused';
  if (status === 204) return 'at_end';
  if (status === 404) return 'gone';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}

/** A place where a stream went on over another connection. */
export interface Reconnect {
  /** Number of the last event before it; -1 where none had come. */
  atSeq: number;
  fromInstance: string | null;
  toInstance: string | null;
  /** From the last event (or the head) before to the first event after it, in milliseconds. */
  gapMs: number;
}

/** Notes where the events of a stream changed connections. Connections that brought no event leave no trace. */
export class ReconnectLog {
  readonly reconnects: Reconnect[] = [];
  #seq: number;
  #atMs = 0;
  #from: string | null | undefined;
  #to: string | null = null;
  #isPending = false;

  /** @param seq number of the last event that the caller has already; -1 for none */
  constructor(seq: number) {
    this.#seq = seq;
  }

  /** A connection answered with the stream. */
  connected(instance: string | null, nowMs: number): void {
    this.#to = instance;
    if (this.#from !== undefined) {
      this.#isPending = true;
      return;
    }
    this.#from = instance;
    this.#atMs = nowMs;
  }

  /** It brought the event with this number. */
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
