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
