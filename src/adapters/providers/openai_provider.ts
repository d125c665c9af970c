import type { Continuation } from '../../config/provider_presets.ts';
import type { TraceContext } from '../../core/observe/stream_span.ts';
import type { Answer, KeepRun, Provider } from '../../core/provider/provider.ts';
import { skipDelivered } from '../../core/provider/skip_delivered.ts';
import { uncounted } from '../../core/provider/uncounted.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import { BackgroundRun, cancelRun } from './background_run.ts';
import { chatBody, continuationBody, type PrefixMark } from './openai_body.ts';
import type { OpenAiEndpoint } from './openai_endpoint.ts';
import { responsesBody } from './responses_body.ts';

/** How an OpenAI-compatible server is asked. */
export interface OpenAiOptions {
  continuation: Continuation;
  /** Why it can't be used. */
  unusable: string | undefined;
}

/** Any server that speaks OpenAI's chat completions, streamed. */
export class OpenAiProvider implements Provider {
  readonly name: string;
  readonly models = [] as const;
  readonly anyModel = true;
  readonly continueFrom?: NonNullable<Provider['continueFrom']>;
  readonly #endpoint: OpenAiEndpoint;
  readonly #background: boolean;
  readonly #unusable: string | undefined;

  constructor(endpoint: OpenAiEndpoint, { continuation, unusable }: OpenAiOptions) {
    this.name = endpoint.provider;
    this.#endpoint = endpoint;
    this.#unusable = unusable;
    this.#background = continuation === 'responses';
    const continueFrom = this.#continuation(continuation);
    if (continueFrom) this.continueFrom = continueFrom;
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
