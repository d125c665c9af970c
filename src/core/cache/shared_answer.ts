import { WeirError } from '../../formats/error_code.ts';
import type { AnswerPart } from '../../formats/stream_part.ts';

/** Bytes, or text of an answer in parts; anything else that such an answer says. */
export type Piece = string | AnswerPart;

/** So much of an answer is held for requests that come later, or read slower; in characters of its pieces. */
const MAX_HELD = 1024 * 1024;

/** How an answer ended: with what its provider said at the end, or with what broke it. */
export type SharedAnswerEnd<End> = { ok: true; end: End } | { ok: false; error: WeirError };

/** Takes an answer's pieces. Exactly one of `end` and `fail` is called, once, last. */
export interface PieceConsumer<End> {
  /** @returns false when full: nothing more until {@link SharedAnswerReader.resume} */
  piece(piece: Piece): boolean;
  end(end: End): void;
  fail(error: WeirError): void;
}

/**
 * One answer for several requests. Up to a bound all of it is held, so that a slow reader holds no other back and a
 * late one gets the whole; beyond it no new one may come, and the slowest sets the pace. When the last reader leaves before
 * its end, it is ended.
 */
export class SharedAnswer<End> {
  readonly #abort = new AbortController();
  readonly #readers = new Set<SharedAnswerReader<End>>();
  #pieces: Piece[] = [];
  /** Number of the first piece that is still held. */
  #first = 0;
  #held = 0;
  #ending: SharedAnswerEnd<End> | undefined;
  #full = false;
  #whole = true;
  #resumeSource: () => void = () => {};
  readonly #ended = Promise.withResolvers<SharedAnswerEnd<End>>();

  /** Aborted, with the last reader's reason, when no request wants it any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when it is over, one way or the other. */
  get ended(): Promise<SharedAnswerEnd<End>> {
    return this.#ended.promise;
  }

  /** Whether another request can still have all of it. */
  get joinable(): boolean {
    return this.#whole && !this.signal.aborted && this.#ending?.ok !== false;
  }

  /** All of it, once it has come to its proper end and is not too long to be held. */
  get pieces(): readonly Piece[] | undefined {
    return this.#whole && this.#ending?.ok ? this.#pieces : undefined;
  }

  /** Whether no request will read more of it. */
  get isOver(): boolean {
    return this.#ending !== undefined && this.#readers.size === 0;
  }

  get ending(): SharedAnswerEnd<End> | undefined {
    return this.#ending;
  }

  /** How many pieces there are. */
  get length(): number {
    return this.#first + this.#pieces.length;
  }

  /** @param number from 0, not below that of any reader */
  piece(number: number): Piece {
    return this.#pieces[number - this.#first] as Piece;
  }

  // --- the source

  /** @param resume called when there is room again */
  fedBy(resume: () => void): void {
    this.#resumeSource = resume;
  }

  /** @returns false when there is no more room */
  push(piece: Piece): boolean {
    if (this.#ending || this.signal.aborted) return false;
    this.#pieces.push(piece);
    this.#held += sizeOf(piece);
    for (const reader of this.#readers) reader.pump();
    if (this.#held > MAX_HELD) this.#drop();
    this.#full = this.#held > MAX_HELD;
    return !this.#full;
  }

  /** @param last piece, of which its readers may know by themselves that it is the last */
  settle(ending: SharedAnswerEnd<End>, last = ''): void {
    if (this.#ending) return;
    if (last !== '') this.#pieces.push(last);
    this.#ending = ending;
    this.#ended.resolve(ending);
    for (const reader of [...this.#readers]) reader.pump();
  }

  // --- its readers

  /** A reader from the first piece on. @param signal of its request */
  join(signal: AbortSignal): SharedAnswerReader<End> {
    const reader = new SharedAnswerReader(this, signal);
    this.#readers.add(reader);
    if (signal.aborted) reader.close(signal.reason);
    return reader;
  }

  /** @param reason ends the answer if this was the last one */
  leave(reader: SharedAnswerReader<End>, reason: unknown): void {
    if (!this.#readers.delete(reader) || this.#ending) return;
    if (this.#readers.size === 0) {
      this.settle({ ok: false, error: reason instanceof WeirError ? reason : new WeirError('cancelled') });
      this.#abort.abort(reason);
    } else this.advanced();
  }

  /** A reader has gone on. */
  advanced(): void {
    if (!this.#full) return;
    this.#drop();
    if (this.#held > MAX_HELD) return;
    this.#full = false;
    this.#resumeSource();
  }

  /** Lets go of what every reader has. */
  #drop(): void {
    this.#whole = false;
    let slowest = this.length;
    for (const { at } of this.#readers) slowest = Math.min(slowest, at);
    for (const piece of this.#pieces.splice(0, slowest - this.#first)) this.#held -= sizeOf(piece);
    this.#first = slowest;
  }
}

function sizeOf(piece: Piece): number {
  return typeof piece === 'string' ? piece.length : JSON.stringify(piece).length;
}

/** One request's way through a shared. */
export class SharedAnswerReader<End> {
  readonly #shared: SharedAnswer<End>;
  readonly #signal: AbortSignal;
  #consumer: PieceConsumer<End> | undefined;
  #full = false;
  #pumping = false;
  #closed = false;
  /** Number of the next piece. */
  at = 0;

  constructor(shared: SharedAnswer<End>, signal: AbortSignal) {
    this.#shared = shared;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  start(consumer: PieceConsumer<End>): void {
    this.#consumer = consumer;
    this.pump();
    this.#shared.advanced();
  }

  resume(): void {
    this.#full = false;
    this.pump();
    this.#shared.advanced();
  }

  /** It has all that it wants. @param reason ends the answer if no other request reads it */
  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#shared.leave(this, reason);
  }

  /** Gives on what there is, as far as there is room. */
  pump(): void {
    // A consumer may make room, or leave, while it is given something.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#consumer && !this.#full && !this.#closed && this.at < this.#shared.length) {
      const piece = this.#shared.piece(this.at);
      this.at += 1;
      this.#full = !this.#consumer.piece(piece);
    }
    this.#pumping = false;
    const { ending } = this.#shared;
    if (!ending || !this.#consumer || this.#full || this.#closed || this.at < this.#shared.length) return;
    this.close();
    if (ending.ok) this.#consumer.end(ending.end);
    else this.#consumer.fail(ending.error);
  }

  readonly #onAbort = (): void => this.close(this.#signal.reason);
}
