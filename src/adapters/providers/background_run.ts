import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { Answer, AnswerConsumer, AnswerEnd, KeepRun } from '../../core/provider/provider.ts';
import { asWeirError, WeirError } from '../../formats/error_code.ts';
import { responsesNews } from '../../formats/responses/responses_event.ts';
import type { OpenAiEndpoint } from './openai_endpoint.ts';

/** A run that the provider no longer has, or no longer streams (OpenAI: five minutes after its start). */
const GONE = new Set<unknown>([400, 404, 410]);
/** A run that is to be cancelled is listened to for its name no longer than this. */
const NAME_MS = 60_000;

/**
 * An answer that the provider works on by itself, in the background: closing the socket does not stop it. It is read
 * as long as we want it, left running for another instance that goes on with it, and cancelled when nobody wants it.
 */
export class BackgroundRun implements Answer, AnswerConsumer {
  readonly #endpoint: OpenAiEndpoint;
  readonly #signal: AbortSignal;
  readonly #opened = Promise.withResolvers<Answer>();
  /** Ends the reading, not the run. */
  readonly #reading = new AbortController();
  #keepRun: KeepRun = async () => {};
  #run: string | undefined;
  #runIsOver = false;
  #answer: Answer | undefined;
  #consumer: AnswerConsumer | undefined;
  /** What came before anybody could take it: a piece of text at the most, as the reading then pauses, or an end. */
  #held = '';
  #ending: ((consumer: AnswerConsumer) => void) | undefined;
  #hasBegun = false;
  #settled = false;

  private constructor(endpoint: OpenAiEndpoint, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#opened.promise.catch(() => {});
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Starts a run. @returns once `keepRun` knows it. @throws as Provider.open */
  static start(
    endpoint: OpenAiEndpoint,
    body: Record<string, unknown>,
    signal: AbortSignal,
    keepRun: KeepRun,
    trace?: TraceContext,
  ) {
    signal.throwIfAborted();
    const run = new BackgroundRun(endpoint, signal);
    run.#keepRun = keepRun;
    const call = { method: 'POST', path: '/responses', body, trace } as const;
    void run.#read(endpoint.stream(call, run.#reading.signal, run.#news));
    return run.#opened.promise;
  }

  /**
   * Reads a run again, from its beginning.
   * @returns its answer, and what ends it where it turns out to be another one
   * @throws WeirError producer_lost where the provider no longer has it; and as Provider.open
   */
  static async resume(endpoint: OpenAiEndpoint, run: string, signal: AbortSignal, trace?: TraceContext) {
    const again = new BackgroundRun(endpoint, signal);
    again.#run = run;
    if (signal.aborted) again.#onAbort();
    const path = `/responses/${encodeURIComponent(run)}?stream=true`;
    const call = { method: 'GET', path, trace } as const;
    void again.#read(endpoint.stream(call, again.#reading.signal, again.#news)).then(again.#open);
    const answer = await again.#opened.promise.catch((error) => {
      throw GONE.has(error.details?.status) ? new WeirError('producer_lost', { cause: error }) : error;
    });
    return { answer, giveUp: () => again.#leave(new WeirError('cancelled'), true) };
  }

  // --- Answer

  start(consumer: AnswerConsumer): void {
    this.#consumer = consumer;
    if (this.#hasBegun) consumer.begun?.();
    const full = this.#held !== '' && !consumer.content(this.#held);
    this.#held = '';
    if (this.#ending) this.#ending(consumer);
    else if (!full) this.#answer?.resume();
  }

  resume(): void {
    this.#answer?.resume();
  }

  // --- the call's consumer

  content(text: string): boolean {
    if (this.#settled) {
      // Only a run that never got a name comes here, and then there is nothing to listen for.
      this.#reading.abort(new WeirError('cancelled'));
      return false;
    }
    if (this.#consumer) return this.#consumer.content(text);
    if (this.#run !== undefined) this.#held = text;
    else this.#leave(this.#notItsProtocol(), false);
    return false;
  }

  end(end: AnswerEnd): void {
    // Without a name nobody has been given it yet, and nobody could go on with it.
    if (this.#run === undefined) this.#leave(this.#notItsProtocol(), false);
    else if (!this.#settled) this.#settle((consumer) => consumer.end(end));
  }

  fail(error: WeirError): void {
    this.#leave(error, !this.#runIsOver);
  }

  #notItsProtocol(): WeirError {
    return new WeirError('upstream_protocol', { details: { provider: this.#endpoint.provider } });
  }

  // --- the run

  async #read(opening: Promise<Answer>): Promise<void> {
    try {
      this.#answer = await opening;
      this.#answer.start(this);
    } catch (error) {
      this.fail(asWeirError(error));
    }
  }

  readonly #open = (): void => this.#opened.resolve(this);

  readonly #news = (data: string): string | AnswerEnd | WeirError | undefined => {
    const news = responsesNews(data);
    switch (news?.kind) {
      case undefined:
        return undefined;
      case 'text':
        return news.text;
      case 'begun':
        this.#begin();
        return '';
      case 'run':
        this.#known(news.run);
        return '';
      case 'end':
        this.#runIsOver = true;
        return { finishReason: news.finishReason, ...(news.usage && { usage: news.usage }) };
      case 'error':
        this.#runIsOver ||= news.over;
        return new WeirError('upstream_error', { details: { provider: this.#endpoint.provider } });
      default:
        return '';
    }
  };

  #begin(): void {
    this.#hasBegun = true;
    this.#consumer?.begun?.();
  }

  #known(run: string): void {
    if (this.#run !== undefined) return;
    this.#run = run;
    if (!this.#settled) {
      void this.#keepRun(run).then(this.#open);
      return;
    }
    // It was cancelled before it had a name.
    this.#cancelRun(run);
    this.#reading.abort(new WeirError('cancelled'));
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#signal;
    this.#leave(reason, !(reason instanceof WeirError && reason.code === 'producer_lost'));
  };

  /** Stops reading. A run that is to be cancelled and has no name yet is listened to until it has one. */
  #leave(error: WeirError, cancel: boolean): void {
    if (this.#settled) return;
    this.#settle((consumer) => consumer.fail(error));
    this.#opened.reject(error);
    if (cancel && this.#run !== undefined) this.#cancelRun(this.#run);
    if (!cancel || this.#run !== undefined) this.#reading.abort(error);
    else setTimeout(() => this.#reading.abort(error), NAME_MS).unref();
  }

  #cancelRun(run: string): void {
    void cancelRun(this.#endpoint, run);
  }

  #settle(ending: (consumer: AnswerConsumer) => void): void {
    this.#settled = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#consumer) ending(this.#consumer);
    else this.#ending = ending;
  }
}

/** Ends a run by its name; harmless for one that is over. */
export function cancelRun(endpoint: OpenAiEndpoint, run: string): Promise<void> {
  return endpoint.errand({ method: 'POST', path: `/responses/${encodeURIComponent(run)}/cancel` });
}
