import type { ApiFormat, Continuation } from '../../config/provider_presets.ts';
import { checkHead } from '../../core/upstream/check_head.ts';
import { skipDelivered, uncounted } from '../../core/upstream/skip_delivered.ts';
import type {
  Answer,
  ByteAnswer,
  CallContext,
  ClientFormat,
  PartAnswer,
  PassedRequest,
  Upstream,
  UpstreamRequest,
} from '../../core/upstream/upstream.ts';
import { chatFormat } from '../../formats/chat/chat_format.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import { BackgroundRun, cancelRun } from './background_run.ts';
import { chatBody, continuationBody, type PrefixMark, responsesBody } from './request_bodies.ts';
import type { UpstreamServer } from './upstream_server.ts';

/** How a provider's server is asked. */
export interface HttpUpstreamOptions {
  speaks: readonly ApiFormat[];
  modelsRequest: PassedRequest;
  continuation: Continuation;
  /** Why it can't be used. */
  unusable: string | undefined;
}

/** Any HTTP server that speaks a format of our clients. */
export class HttpUpstream implements Upstream {
  readonly name: string;
  readonly isFake = false;
  readonly speaks: readonly ApiFormat[];
  readonly modelsRequest: PassedRequest;
  readonly continueFrom?: NonNullable<Upstream['continueFrom']>;
  readonly #server: UpstreamServer;
  readonly #background: boolean;
  readonly #unusable: string | undefined;

  constructor(server: UpstreamServer, options: HttpUpstreamOptions) {
    this.name = server.provider;
    this.speaks = options.speaks;
    this.modelsRequest = options.modelsRequest;
    this.#server = server;
    this.#unusable = options.unusable;
    this.#background = options.continuation === 'responses';
    const continueFrom = this.#continuation(options.continuation);
    if (continueFrom) this.continueFrom = continueFrom;
  }

  unusable(): string | undefined {
    return this.#unusable;
  }

  serves(format: ClientFormat): boolean {
    if (format === 'weir') return this.speaks.includes('chat');
    return this.speaks.includes(format === 'count_tokens' ? 'messages' : format);
  }

  redact(text: string): string {
    return this.#server.redact(text);
  }

  async open(request: UpstreamRequest, model: string, context: CallContext): Promise<Answer> {
    if (request.passed) return this.#pass(request.passed(model), request.stream, context);
    const { keepRun } = context;
    const asked = { ...request.generation(), model };
    const body = keepRun && this.#background ? responsesBody(asked) : undefined;
    if (keepRun && body) return BackgroundRun.start(this.#server, body, { ...context, keepRun });
    return this.#chat(chatBody(asked), context, request.wantsParts);
  }

  call(request: PassedRequest, signal: AbortSignal): Promise<ByteAnswer> {
    return this.#server.call(request, signal);
  }

  dropRun(run: string): void {
    void cancelRun(this.#server, run);
  }

  async #pass(request: PassedRequest, stream: boolean, { signal, trace }: CallContext): Promise<ByteAnswer> {
    const answer = await this.call({ ...request, headers: { ...request.headers, ...trace } }, signal);
    return checkHead(answer, { provider: this.name, redact: (text) => this.redact(text), stream, passed: true });
  }

  #chat(body: Record<string, unknown>, context: CallContext, wantsParts = false): Promise<PartAnswer> {
    const call = { method: 'POST', path: '/chat/completions', body } as const;
    return this.#server.parts(call, chatFormat.partParser(wantsParts), context);
  }

  #continuation(kind: Continuation): Upstream['continueFrom'] {
    switch (kind) {
      case 'none':
        return undefined;
      case 'responses':
        return (_, delivered, run, context) => this.#readAgain(delivered, run, context);
      case 'prefix_echo':
        return (request, delivered, _, context) => this.#goOn(request, delivered, context, 'prefix', true);
      default:
        return (request, delivered, _, context) => this.#goOn(request, delivered, context, kind, false);
    }
  }

  async #readAgain(delivered: readonly string[], run: string | undefined, context: CallContext): Promise<PartAnswer> {
    if (run === undefined) throw new WeirError('producer_lost');
    const { answer, giveUp } = await BackgroundRun.resume(this.#server, run, context);
    return skipDelivered(answer, delivered, giveUp);
  }

  async #goOn(
    request: StreamRequest,
    delivered: readonly string[],
    context: CallContext,
    mark: PrefixMark,
    echo: boolean,
  ): Promise<PartAnswer> {
    const { body, again } = continuationBody(request, delivered, mark);
    const answer = uncounted(await this.#chat(body, context));
    return skipDelivered(answer, echo ? delivered : [again], () => {});
  }
}
