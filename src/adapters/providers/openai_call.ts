import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Redact } from '../../core/passthrough/redactor.ts';
import type { Answer, AnswerConsumer, AnswerEnd } from '../../core/provider/provider.ts';
import { SilenceWatch } from '../../core/provider/silence_watch.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { deltaBegins } from '../../formats/answer_begins.ts';
import { parseChatChunk, plainContent, textOf } from '../../formats/chat/chat_chunk.ts';
import { asWeirError, WeirError } from '../../formats/error_code.ts';
import { isJson } from '../../formats/json_object.ts';
import { reportedUsage } from '../../formats/reported_usage.ts';
import { SseDecoder, SseLimitError } from '../../formats/sse/sse_decoder.ts';
import { refusedByProvider } from './openai_refusal.ts';
import { passWholeChunks } from './small_reads.ts';

/**
 * Reads the data of one event of another protocol than chat completions: its text ('' where it has none for us), the
 * answer's end, or its failure; undefined for what is no event of that protocol.
 */
export type EventReader = (data: string) => string | AnswerEnd | WeirError | undefined;

export interface OpenAiCallAbout {
  provider: string;
  /** Limit for the provider's head, and then for each silence between its bytes. */
  silenceMs: number;
  /** Cuts this provider's key out of what is said of a failure. */
  redact: Redact;
}

/** One call: undici's handler on one side, an {@link Answer} on the other. */
export class OpenAiCall implements Answer, Dispatcher.DispatchHandler {
  readonly #decoder = new SseDecoder();
  readonly #provider: string;
  readonly #redact: Redact;
  readonly #signal: AbortSignal;
  readonly #watch: SilenceWatch;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: WeirError) => void;
  readonly #reader: EventReader | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #consumer: AnswerConsumer | undefined;
  #full = true;
  #bytesEnded = false;
  /** Whether the event that is read now lacks its end. */
  #unfinished = false;
  #settled = false;
  #end: AnswerEnd = { finishReason: null };
  #done = false;
  /** Whether the consumer knows that something other than text was said. */
  #begun = false;

  constructor(
    about: OpenAiCallAbout,
    wheel: TimerWheel,
    signal: AbortSignal,
    resolve: (answer: Answer) => void,
    reject: (error: WeirError) => void,
    reader?: EventReader,
  ) {
    this.#provider = about.provider;
    this.#redact = about.redact;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#reader = reader;
    this.#watch = new SilenceWatch(wheel, about.silenceMs, () => this.#fail(new WeirError('upstream_timeout')));
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  // --- Answer

  start(consumer: AnswerConsumer): void {
    this.#consumer = consumer;
    this.resume();
  }

  resume(): void {
    if (this.#settled || !this.#full) return;
    this.#full = false;
    this.#watch.hold(false);
    this.#drain();
    if (!this.#full) this.#controller?.resume();
  }

  // --- undici's handler

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new WeirError('cancelled'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 103 and its like announce; the head is yet to come.
    if (this.#settled || status < 200) return;
    const refusal = refusedByProvider(this.#provider, status, headers, this.#redact);
    if (refusal) {
      this.#fail(refusal);
      return;
    }
    this.#watch.touch();
    passWholeChunks(controller, headers, this);
    controller.pause();
    this.#watch.hold(true);
    this.#resolve(this);
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#settled) return;
    this.#watch.touch();
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      this.#failUnexpectedly(error);
      return;
    }
    if (!this.#full) this.#drain();
  }

  onResponseEnd(): void {
    this.#bytesEnded = true;
    if (!this.#full) this.#drain();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = this.#consumer ? 'upstream_truncated' : 'upstream_error';
    const details = { provider: this.#provider, reason: this.#redact(error.message) };
    this.#fail(new WeirError(code, { cause: error, details }));
  }

  // --- decoding

  /** Gives events on until there are none, or the consumer is full: then the socket is left unread. */
  #drain(): void {
    try {
      this.#giveEvents();
    } catch (error) {
      this.#failUnexpectedly(error);
    }
  }

  #giveEvents(): void {
    while (!this.#settled) {
      let event = this.#decoder.next();
      if (!event && this.#bytesEnded) {
        this.#unfinished = true;
        event = this.#decoder.end();
      }
      if (!event) {
        if (this.#bytesEnded) this.#finish();
        return;
      }
      if (!this.#event(event.data)) {
        this.#full = true;
        this.#watch.hold(true);
        this.#controller?.pause();
        return;
      }
    }
  }

  /** @returns false when the consumer is full */
  #event(data: string): boolean {
    if (this.#reader) return this.#tell(this.#reader(data), data);
    const plain = plainContent(data);
    if (plain) return (this.#consumer as AnswerConsumer).content(plain);
    if (data === '[DONE]') {
      this.#done = true;
      this.#finish();
      return true;
    }
    const chunk = parseChatChunk(data);
    if (chunk?.error) {
      this.#fail(new WeirError('upstream_error', { details: { provider: this.#provider } }));
      return true;
    }
    const choice = chunk?.choices?.[0];
    const text = chunk && textOf(choice?.delta);
    if (text === undefined) return this.#failAt(data);
    if (chunk?.usage !== undefined && chunk.usage !== null) this.#reported(reportedUsage(chunk.usage));
    if (choice?.finish_reason) this.#end.finishReason = choice.finish_reason;
    if (text !== '') return (this.#consumer as AnswerConsumer).content(text);
    if (!this.#begun && deltaBegins(choice?.delta)) {
      this.#begun = true;
      this.#consumer?.begun?.();
    }
    return true;
  }

  #tell(news: string | AnswerEnd | WeirError | undefined, data: string): boolean {
    if (news === undefined) return this.#failAt(data);
    if (typeof news === 'string') return news === '' || (this.#consumer as AnswerConsumer).content(news);
    if (news instanceof WeirError) {
      this.#fail(news);
    } else {
      this.#end = news;
      this.#done = true;
      this.#finish();
    }
    return true;
  }

  #reported(usage: AnswerEnd['usage']): void {
    const { finishReason } = this.#end;
    this.#end = usage ? { finishReason, usage } : { finishReason };
  }

  /** Data that is no event, or half of one at the end of the bytes. */
  #failAt(data: string): true {
    const code = this.#unfinished && !isJson(data) ? 'upstream_truncated' : 'upstream_protocol';
    this.#fail(new WeirError(code, { details: { provider: this.#provider } }));
    return true;
  }

  #failUnexpectedly(error: unknown): void {
    const isTooLong = error instanceof SseLimitError;
    this.#fail(isTooLong ? new WeirError('upstream_protocol', { cause: error }) : asWeirError(error));
  }

  /** The end is true only where the provider said so: by its finish reason, or by `[DONE]`. */
  #finish(): void {
    if (this.#settled) return;
    if (!this.#done && this.#end.finishReason === null) {
      this.#fail(new WeirError('upstream_truncated', { details: { provider: this.#provider } }));
      return;
    }
    this.#settle();
    this.#consumer?.end(this.#end);
  }

  #fail(error: WeirError): void {
    if (this.#settled) return;
    this.#settle();
    this.#controller?.abort(error);
    if (this.#consumer) this.#consumer.fail(error);
    else this.#reject(error);
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
  };

  #settle(): void {
    this.#settled = true;
    this.#watch[Symbol.dispose]();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}
