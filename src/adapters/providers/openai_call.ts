import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Answer, AnswerConsumer, AnswerEnd } from '../../core/provider/provider.ts';
import { SilenceWatch } from '../../core/provider/silence_watch.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../protocol/error_code.ts';
import { SseDecoder } from '../../protocol/sse_decoder.ts';
import { type ChatChunk, plainContent } from './chat_chunk.ts';
import { refusedByProvider } from './openai_refusal.ts';
import { passWholeChunks } from './small_reads.ts';

/**
 * Reads the data of one event of another protocol than chat completions: its text ('' where it has none for us), the
 * answer's end, or its failure.
 */
export type EventReader = (data: string) => string | AnswerEnd | WeirError;

export interface OpenAiCallAbout {
  provider: string;
  /** Limit for the provider's head, and then for each silence between its bytes. */
  silenceMs: number;
}

/** One call: undici's handler on one side, an {@link Answer} on the other. */
export class OpenAiCall implements Answer, Dispatcher.DispatchHandler {
  readonly #decoder = new SseDecoder();
  readonly #provider: string;
  readonly #signal: AbortSignal;
  readonly #watch: SilenceWatch;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: WeirError) => void;
  readonly #reader: EventReader | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #consumer: AnswerConsumer | undefined;
  #full = true;
  #bytesEnded = false;
  #settled = false;
  #end: AnswerEnd = { finishReason: null };
  #done = false;

  constructor(
    about: OpenAiCallAbout,
    wheel: TimerWheel,
    signal: AbortSignal,
    resolve: (answer: Answer) => void,
    reject: (error: WeirError) => void,
    reader?: EventReader,
  ) {
    this.#provider = about.provider;
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
    const refusal = refusedByProvider(this.#provider, status, headers);
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
      this.#fail(new WeirError('upstream_protocol', { cause: error }));
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
    this.#fail(new WeirError(code, { cause: error, details: { provider: this.#provider, reason: error.message } }));
  }

  // --- decoding

  /** Gives events on until there are none, or the consumer is full: then the socket is left unread. */
  #drain(): void {
    while (!this.#settled) {
      const event = this.#decoder.next() ?? (this.#bytesEnded ? this.#decoder.end() : undefined);
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
    const plain = plainContent(data);
    if (plain) return (this.#consumer as AnswerConsumer).content(plain);
    if (this.#reader) return this.#tell(this.#reader(data));
    if (data === '[DONE]') {
      this.#done = true;
      this.#finish();
      return true;
    }
    let chunk: ChatChunk;
    try {
      chunk = JSON.parse(data);
    } catch (error) {
      const code = this.#bytesEnded ? 'upstream_truncated' : 'upstream_protocol';
      this.#fail(new WeirError(code, { cause: error }));
      return true;
    }
    if (chunk.error) {
      this.#fail(new WeirError('upstream_error', { details: { provider: this.#provider } }));
      return true;
    }
    if (chunk.usage) {
      const { prompt_tokens: input_tokens = 0, completion_tokens: output_tokens = 0 } = chunk.usage;
      this.#end.usage = { input_tokens, output_tokens };
    }
    const choice = chunk.choices?.[0];
    if (choice?.finish_reason) this.#end.finishReason = choice.finish_reason;
    const text = choice?.delta?.content;
    return text ? (this.#consumer as AnswerConsumer).content(text) : true;
  }

  #tell(news: string | AnswerEnd | WeirError): boolean {
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
