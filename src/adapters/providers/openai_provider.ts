import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { Answer, KeepRun, Provider } from '../../core/provider/provider.ts';
import { skipDelivered } from '../../core/provider/skip_delivered.ts';
import { uncounted } from '../../core/provider/uncounted.ts';
import type { TimerWheel } from '../../core/time/timer_wheel.ts';
import { WeirError } from '../../protocol/error_code.ts';
import type { StreamRequest } from '../../protocol/stream_request.ts';
import { BackgroundRun, cancelRun } from './background_run.ts';
import { chatBody, continuationBody, type PrefixMark } from './openai_body.ts';
import { OpenAiEndpoint } from './openai_endpoint.ts';
import { responsesBody } from './responses_body.ts';

/**
 * How the server goes on with an answer that it, or another call, has begun. `prefix`: from a last assistant message
 * marked `prefix: true`; `prefix_echo`: the same, and it says that message again first; `continue_final_message`: as
 * vLLM does; `responses`: resumable streams run in the background of OpenAI's Responses API, and are read again.
 */
export const CONTINUATIONS = ['none', 'prefix', 'prefix_echo', 'continue_final_message', 'responses'] as const;
export type Continuation = (typeof CONTINUATIONS)[number];

/** Where an OpenAI-compatible server is, the key it wants, and what it can. */
export interface OpenAiOptions {
  /** For example `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey: string | undefined;
  continuation: Continuation;
}

/** Any server that speaks OpenAI's chat completions, streamed. */
export class OpenAiProvider implements Provider {
  readonly name = 'openai';
  readonly models = [] as const;
  readonly anyModel = true;
  readonly continueFrom?: NonNullable<Provider['continueFrom']>;
  readonly #endpoint: OpenAiEndpoint;
  readonly #background: boolean;
  readonly #unusable: string | undefined;

  constructor({ baseUrl, apiKey, continuation }: OpenAiOptions, wheel: TimerWheel) {
    this.#endpoint = new OpenAiEndpoint(baseUrl, apiKey, wheel);
    this.#background = continuation === 'responses';
    const continueFrom = this.#continuation(continuation);
    if (continueFrom) this.continueFrom = continueFrom;
    if (apiKey || this.#endpoint.hostname !== 'api.openai.com') return;
    this.#unusable =
      'The provider openai has no key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that wants none.';
  }

  unusable(): string | undefined {
    return this.#unusable;
  }

  async open(request: StreamRequest, signal: AbortSignal, keepRun?: KeepRun, trace?: TraceContext): Promise<Answer> {
    const body = keepRun && this.#background ? responsesBody(request) : undefined;
    if (keepRun && body) return BackgroundRun.start(this.#endpoint, body, signal, keepRun, trace);
    return this.#chat(chatBody(request), signal, trace);
  }

  dropRun(run: string): void {
    void cancelRun(this.#endpoint, run);
  }

  /** Ends idle connections, and the running calls with them. */
  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #chat(body: Record<string, unknown>, signal: AbortSignal, trace?: TraceContext): Promise<Answer> {
    return this.#endpoint.stream({ method: 'POST', path: '/chat/completions', body, trace }, signal);
  }

  #continuation(kind: Continuation): Provider['continueFrom'] {
    switch (kind) {
      case 'none':
        return undefined;
      case 'responses':
        return (_, delivered, signal, run, trace) => this.#readAgain(delivered, signal, run, trace);
      case 'prefix_echo':
        return (request, delivered, signal, _, trace) => this.#goOn(request, delivered, signal, 'prefix', true, trace);
      default:
        return (request, delivered, signal, _, trace) => this.#goOn(request, delivered, signal, kind, false, trace);
    }
  }

  async #readAgain(
    delivered: readonly string[],
    signal: AbortSignal,
    run: string | undefined,
    trace: TraceContext | undefined,
  ): Promise<Answer> {
    if (run === undefined) throw new WeirError('producer_lost');
    const { answer, giveUp } = await BackgroundRun.resume(this.#endpoint, run, signal, trace);
    return skipDelivered(answer, delivered, giveUp);
  }

  async #goOn(
    request: StreamRequest,
    delivered: readonly string[],
    signal: AbortSignal,
    mark: PrefixMark,
    echo: boolean,
    trace: TraceContext | undefined,
  ): Promise<Answer> {
    const { body, again } = continuationBody(request, delivered, mark);
    const answer = uncounted(await this.#chat(body, signal, trace));
    return skipDelivered(answer, echo ? delivered : [again], () => {});
  }
}
