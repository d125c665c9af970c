import { asWeirError, type WeirError } from '../../formats/error_code.ts';
import type { StreamObserver } from '../observe/stream_observer.ts';
import type { SpanAnswer } from '../observe/stream_span.ts';
import type { Answer, AnswerConsumer, AnswerEnd } from '../provider/provider.ts';
import type { Encoder } from './encoder.ts';
import { Transcript, type TranscriptSummary } from './transcript.ts';

/** How production ended; the terminal frame is made of it, after the slot is free. */
export type Ending = { ok: true; end: AnswerEnd } | { ok: false; error: WeirError };

/** Where frames go: a plain stream's one reader, or the log, which has them before any reader. */
export interface Outlet {
  /** @param now when the frame was made, by `performance.now()`. @returns false when full, until {@link Producer.resume} */
  write(frame: string, now: number): boolean;
}

/** Longer content is sent in pieces of this many UTF-16 units, so that a slow reader holds back also its rest. */
const PIECE = 16_384;

/**
 * Pulls one answer, numbers and encodes its frames, and gives them to its outlet. An outlet that is full stops the
 * provider.
 */
export class Producer implements AnswerConsumer {
  readonly #encoder: Encoder;
  readonly #observer: StreamObserver;
  readonly #startedAt: number;
  readonly #transcript = new Transcript();
  /** One, and no list of them: what a token has to fetch from memory is most of what it costs. */
  #outlet: Outlet | undefined;
  #answer: Answer | undefined;
  #seq = 0;
  #lastContent = 0;
  #firstMs: number | undefined;
  #finish: (ending: Ending) => void = () => {};
  #ended = false;
  #summary: TranscriptSummary | undefined;
  #held = '';

  /**
   * @param startedAt when the request came, by `performance.now()`
   * @param before text that a dead producer has said already; numbers, counts and checksum go on after it
   */
  constructor(encoder: Encoder, observer: StreamObserver, startedAt: number, before: readonly string[] = []) {
    this.#encoder = encoder;
    this.#observer = observer;
    this.#startedAt = startedAt;
    for (const text of before) this.#transcript.add(text);
    this.#seq = before.length;
    if (this.#seq > 0) this.#lastContent = performance.now();
  }

  /** Code points of content so far. */
  get length(): number {
    return this.#transcript.length;
  }

  /** Once, before {@link run}. */
  attach(outlet: Outlet): void {
    this.#outlet = outlet;
  }

  /** Produces until the answer ends, fails or is aborted; never rejects. */
  run(opening: Promise<Answer>, signal: AbortSignal): Promise<Ending> {
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
            this.#answer = answer;
            answer.start(this);
          },
          (error) => this.fail(asWeirError(error)),
        )
        .catch((error) => this.fail(asWeirError(error)));
    });
  }

  content(text: string): boolean {
    if (this.#ended) return false;
    const now = performance.now();
    if (this.#lastContent === 0) this.#first(now - this.#startedAt);
    else this.#observer.gap(now - this.#lastContent);
    this.#lastContent = now;
    try {
      if (text.length <= PIECE) return this.#emit(text);
      this.#held = text;
      return this.#emitHeld();
    } catch (error) {
      this.fail(asWeirError(error));
      return false;
    }
  }

  end(end: AnswerEnd): void {
    this.#settle({ ok: true, end });
  }

  fail(error: WeirError): void {
    this.#settle({ ok: false, error });
  }

  /** The outlet has room again. */
  readonly resume = (): void => {
    if (this.#ended) return;
    try {
      if (this.#emitHeld()) this.#answer?.resume();
    } catch (error) {
      this.fail(asWeirError(error));
    }
  };

  /** The terminal frame, as text; asked again, the same under whatever id its encoder then gives it. */
  lastFrame(ending: Ending): string {
    const seq = this.#seq + 1;
    this.#summary ??= this.#transcript.finish();
    if (!ending.ok) return this.#encoder.error(seq, ending.error, this.#summary.length);
    return this.#encoder.complete(seq, this.#summary, ending.end, performance.now() - this.#startedAt);
  }

  /** What a trace says of the answer. */
  answered(ending: Ending): SpanAnswer {
    const end = ending.ok ? ending.end : undefined;
    return { firstMs: this.#firstMs, finishReason: end?.finishReason, usage: end?.usage };
  }

  #first(ms: number): void {
    this.#firstMs = ms;
    this.#observer.firstToken(ms);
  }

  #emit(text: string): boolean {
    this.#transcript.add(text);
    this.#seq += 1;
    const frame = this.#encoder.chunk(this.#seq, text, this.#transcript.chunks);
    return (this.#outlet as Outlet).write(frame, this.#lastContent);
  }

  /** Sends what a huge piece of content left behind, as far as there is room. */
  #emitHeld(): boolean {
    while (this.#held !== '') {
      const text = this.#held.slice(0, PIECE);
      this.#held = this.#held.slice(PIECE);
      if (!this.#emit(text)) return false;
    }
    return true;
  }

  #settle(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#finish(ending);
  }
}
