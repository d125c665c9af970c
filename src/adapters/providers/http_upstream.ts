import type { ApiFormat, Continuation } from '../../config/provider_presets.ts';
import { checkHead } from '../../core/upstream/check_head.ts';
import { collectBody } from '../../core/upstream/collect_body.ts';
import { parsedAnswer } from '../../core/upstream/parsed_answer.ts';
import { skipDelivered, uncounted } from '../../core/upstream/skip_delivered.ts';
import { translatedHeaders } from '../../core/upstream/translated_head.ts';
import type {
  Answer,
  ByteAnswer,
  CallContext,
  ClientFormat,
  Delivered,
  GeneratingFormat,
  PartAnswer,
  PassedRequest,
  Upstream,
  UpstreamRequest,
} from '../../core/upstream/upstream.ts';
import { wholeParts } from '../../core/upstream/whole_parts.ts';
import { toolAnswer, toolAnswerParser } from '../../formats/answer_tool.ts';
import { WeirError } from '../../formats/error_code.ts';
import type { WrittenRequest } from '../../formats/format.ts';
import { parseObject } from '../../formats/json_object.ts';
import { BackgroundRun, cancelRun } from './background_run.ts';
import { continuedBody, type PrefixMark } from './continued_body.ts';
import { SPOKEN_FORMATS, type SpokenFormat } from './spoken_format.ts';
import type { UpstreamServer } from './upstream_server.ts';

/** How a provider's server is asked. */
export interface HttpUpstreamOptions {
  /** At least one. */
  speaks: readonly ApiFormat[];
  modelsRequest: PassedRequest;
  continuation: Continuation;
  /** Why it can't be used. */
  unusable: string | undefined;
  /** The most tokens of an answer, by model. */
  maxTokens: Readonly<Record<string, number>>;
}

/** Any HTTP server that speaks a format of our clients. */
export class HttpUpstream implements Upstream {
  readonly name: string;
  readonly isFake = false;
  readonly speaks: readonly ApiFormat[];
  readonly modelsRequest: PassedRequest;
  readonly continueFrom?: NonNullable<Upstream['continueFrom']>;
  readonly #server: UpstreamServer;
  /** In which clients of other formats are answered; undefined where it generates nothing. */
  readonly #spoken: SpokenFormat | undefined;
  readonly #background: boolean;
  readonly #options: HttpUpstreamOptions;

  constructor(server: UpstreamServer, options: HttpUpstreamOptions) {
    this.name = server.provider;
    this.speaks = options.speaks;
    this.modelsRequest = options.modelsRequest;
    this.#server = server;
    this.#options = options;
    const first = options.speaks.find((format): format is GeneratingFormat => format !== 'embeddings');
    this.#spoken = first && SPOKEN_FORMATS[first];
    this.#background = options.continuation === 'responses';
    const continueFrom = this.#continuation(options.continuation);
    if (continueFrom) this.continueFrom = continueFrom;
  }

  unusable(): string | undefined {
    return this.#options.unusable;
  }

  serves(format: ClientFormat): boolean {
    if (format === 'embeddings') return this.speaks.includes('embeddings');
    if (format === 'count_tokens') return this.speaks.includes('messages');
    return this.#spoken !== undefined;
  }

  prepare(request: UpstreamRequest, model: string): readonly string[] {
    return this.#passes(request) ? [] : this.#written(request, model).dropped;
  }

  redact(text: string): string {
    return this.#server.redact(text);
  }

  async open(request: UpstreamRequest, model: string, context: CallContext): Promise<Answer> {
    if (request.passed && this.#passes(request)) return this.#pass(request.passed(model), request, context);
    const { keepRun } = context;
    const body = keepRun && this.#background ? this.#backgroundBody(request, model) : undefined;
    if (keepRun && body) return BackgroundRun.start(this.#server, body, request.wantsParts, { ...context, keepRun });
    return this.#translated(request, this.#written(request, model), context);
  }

  call(request: PassedRequest, signal: AbortSignal): Promise<ByteAnswer> {
    return this.#server.call(request, signal);
  }

  dropRun(run: string): void {
    void cancelRun(this.#server, run);
  }

  /** Whether it gets the client's own bytes. */
  #passes({ format, passed }: UpstreamRequest): boolean {
    if (passed === undefined || format === 'weir') return false;
    return this.speaks.includes(format === 'count_tokens' ? 'messages' : format);
  }

  async #pass(request: PassedRequest, { format, stream }: UpstreamRequest, context: CallContext): Promise<ByteAnswer> {
    const { signal, trace } = context;
    const answer = await this.call({ ...request, headers: { ...request.headers, ...trace } }, signal);
    const redact = (text: string) => this.redact(text);
    return checkHead(answer, { provider: this.name, redact, stream, passed: true, client: format });
  }

  #written(request: UpstreamRequest, model: string, spoken = this.#spoken as SpokenFormat): WrittenRequest {
    const { maxTokens } = this.#options;
    const most = Object.hasOwn(maxTokens, model) ? { maxTokens: maxTokens[model] as number } : {};
    return request.written(spoken.format, { provider: this.name, server: this.#server.host, model, ...most });
  }

  async #translated(
    request: UpstreamRequest,
    { body, answerTool }: WrittenRequest,
    context: CallContext,
  ): Promise<PartAnswer> {
    const { format, path, headers } = this.#spoken as SpokenFormat;
    const { stream, silenceMs, wantsParts, format: client } = request;
    const call = { method: 'POST', path, body, headers } as const;
    const answer = await this.#server.ask(call, { stream, silenceMs, client }, context);
    const given = client === 'weir' ? undefined : translatedHeaders(answer.headers, client);
    if (stream) {
      const parser = answerTool
        ? toolAnswerParser(format.reader(), answerTool, wantsParts)
        : format.partParser(wantsParts);
      return parsedAnswer(answer, parser, this.name, given);
    }
    const whole = parseObject(Buffer.from(await collectBody(answer), 'latin1').toString());
    const parts = format.readAnswer(whole);
    return wholeParts(answerTool ? toolAnswer(parts, answerTool) : parts, this.name, given);
  }

  /** A request that the Responses API can't take runs as any other, and does not survive its instance. */
  #backgroundBody(request: UpstreamRequest, model: string): Record<string, unknown> | undefined {
    try {
      const { include, ...body } = this.#written(request, model, SPOKEN_FORMATS.responses).body;
      // Of one whose text alone is read nothing else is asked for.
      const more = request.wantsParts && include !== undefined ? { include } : {};
      return { ...body, ...more, background: true, store: true, stream: true };
    } catch {
      return undefined;
    }
  }

  #continuation(kind: Continuation): Upstream['continueFrom'] {
    if (kind === 'none') return undefined;
    if (kind === 'responses')
      return (request, _, delivered, run, context) => this.#readAgain(request, delivered, run, context);
    // Only chat completions have a place for an answer that was begun.
    if (!this.speaks.includes('chat')) return undefined;
    const echo = kind === 'prefix_echo';
    const mark = kind === 'continue_final_message' ? kind : 'prefix';
    return (request, model, delivered, _, context) => this.#goOn(request, model, delivered, context, mark, echo);
  }

  async #readAgain(
    { wantsParts }: UpstreamRequest,
    delivered: Delivered,
    run: string | undefined,
    context: CallContext,
  ): Promise<PartAnswer> {
    if (run === undefined) throw new WeirError('producer_lost');
    const { answer, giveUp } = await BackgroundRun.resume(this.#server, run, wantsParts, context);
    return skipDelivered(answer, delivered, giveUp);
  }

  async #goOn(
    request: UpstreamRequest,
    model: string,
    delivered: Delivered,
    context: CallContext,
    mark: PrefixMark,
    echo: boolean,
  ): Promise<PartAnswer> {
    // Only text can be given to it.
    if (!isText(delivered)) throw new WeirError('producer_lost');
    const { format, path } = SPOKEN_FORMATS.chat;
    const { body, again } = continuedBody(this.#written(request, model, SPOKEN_FORMATS.chat).body, delivered, mark);
    const call = { method: 'POST', path, body } as const;
    const answer = await this.#server.parts(call, format.partParser(false), context);
    return skipDelivered(uncounted(answer), echo ? delivered : [again], () => {});
  }
}

function isText(delivered: Delivered): delivered is readonly string[] {
  return delivered.every((part) => typeof part === 'string');
}
