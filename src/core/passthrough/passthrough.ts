import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { StreamObserver } from '../observe/stream_observer.ts';
import type { Reader } from '../stream/reader.ts';
import type { EventReader } from './event_reader.ts';
import { EventScanner } from './event_scanner.ts';
import type { ByteConsumer, OriginAnswer } from './origin.ts';
import type { Redact } from './redactor.ts';

/**
 * How it ended: with `last`, the provider's own last bytes, or with an error of ours that its reader has yet to be
 * told. `ok` is false also where those bytes are the provider's own error.
 */
export type PassEnding = { ok: boolean; last: string } | { ok: false; error: WeirError };

/**
 * Passes the events of one answer on to one reader, as bytes. It is to an {@link OriginAnswer} what the producer is to
 * an answer: a full reader stops the provider, and there is one ending, which is sent when the slot is free.
 */
export class Passthrough implements ByteConsumer {
  readonly #scanner: EventScanner;
  readonly #observer: StreamObserver;
  readonly #startedAt: number;
  readonly #redact: Redact;
  #reader: Reader | undefined;
  #answer: OriginAnswer | undefined;
  #lastPiece = 0;
  #pieces = 0;
  #firstMs: number | undefined;
  #ended = false;
  #finish: (ending: PassEnding) => void = () => {};

  /**
   * @param startedAt when the request came, by `performance.now()`
   * @param redact cuts keys out of all that is no piece of the answer; pieces are not looked at
   */
  constructor(reader: EventReader, observer: StreamObserver, startedAt: number, redact: Redact) {
    this.#redact = redact;
    this.#scanner = new EventScanner(reader);
    this.#observer = observer;
    this.#startedAt = startedAt;
  }

  /** Pieces of the answer so far. */
  get pieces(): number {
    return this.#pieces;
  }

  /** From the request to the first piece, in milliseconds. */
  get firstMs(): number | undefined {
    return this.#firstMs;
  }

  attach(reader: Reader): void {
    this.#reader = reader;
    reader.open('');
  }

  /** Passes on until the answer ends, fails or is aborted; never rejects. */
  run(opening: Promise<OriginAnswer>, signal: AbortSignal): Promise<PassEnding> {
    return new Promise((resolve) => {
      const onAbort = () => this.fail(asWeirError(signal.reason));
      this.#finish = (ending) => {
        signal.removeEventListener('abort', onAbort);
        resolve(ending);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort);
      opening
        .then(
          (answer) => {
            if (this.#ended) return;
            const refusal = notAStream(answer);
            if (refusal) return this.fail(refusal);
            this.#answer = answer;
            answer.start(this);
          },
          (error) => this.fail(asWeirError(error)),
        )
        .catch((error) => this.fail(asWeirError(error)));
    });
  }

  bytes(bytes: string): boolean {
    if (this.#ended) return false;
    try {
      return this.#pass(bytes);
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
  }

  #pass(bytes: string): boolean {
    const now = performance.now();
    const events = this.#scanner.push(bytes);
    if (this.#scanner.pieces > 0) this.#count(now, this.#scanner.pieces);
    const reader = this.#reader as Reader;
    const { terminal } = this.#scanner;
    if (terminal === undefined) {
      if (events === '') return !reader.full;
      // A server may have a word of its own for an error.
      return reader.write(this.#scanner.others ? this.#redact(events) : events, now);
    }
    if (terminal === 'broken') {
      if (events !== '') reader.write(events, now);
      this.fail(new WeirError('upstream_protocol'));
      return false;
    }
    this.#answer?.finish();
    this.#settle(terminal === 'end' ? { ok: true, last: events } : { ok: false, last: this.#redact(events) });
    return true;
  }

  end(): void {
    try {
      const last = this.#scanner.end();
      if (last !== undefined && this.#scanner.terminal !== 'error') this.#settle({ ok: true, last });
      else if (last !== undefined) this.#settle({ ok: false, last: this.#redact(last) });
      else this.fail(new WeirError(this.#scanner.terminal === 'broken' ? 'upstream_protocol' : 'upstream_truncated'));
    } catch (error) {
      this.fail(asWeirError(error));
    }
  }

  fail(error: WeirError): void {
    this.#settle({ ok: false, error });
  }

  /** The reader has room again. */
  readonly resume = (): void => {
    if (this.#ended) return;
    try {
      this.#answer?.resume();
    } catch (error) {
      this.fail(asWeirError(error));
    }
  };

  /** Events of one read have no gap between them. */
  #count(now: number, pieces: number): void {
    if (this.#lastPiece === 0) this.#first(now - this.#startedAt);
    else this.#observer.gap(now - this.#lastPiece);
    for (let more = 1; more < pieces; more += 1) this.#observer.gap(0);
    this.#lastPiece = now;
    this.#pieces += pieces;
  }

  #first(ms: number): void {
    this.#firstMs = ms;
    this.#observer.firstToken(ms);
  }

  #settle(ending: PassEnding): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#finish(ending);
  }
}

/** What a head means that comes after ours has left; undefined where a stream begins. */
function notAStream({ status, contentType }: OriginAnswer): WeirError | undefined {
  if (status === 200 && isEventStream(contentType)) return undefined;
  const code = status === 429 ? 'upstream_rate_limited' : 'upstream_error';
  return new WeirError(code, { details: { status } });
}

export function isEventStream(contentType: string): boolean {
  return /^text\/event-stream\b/i.test(contentType);
}
