import type { ApiFormat } from '../../config/provider_presets.ts';
import type { WeirError } from '../../formats/error_code.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import type { Format, WriteTarget, WrittenRequest } from '../../formats/format.ts';
import type { GenerationRequest } from '../../formats/generation_request.ts';
import type { AnswerEnd, AnswerPart } from '../../formats/stream_part.ts';
import type { FakeOptions } from '../../formats/weir/stream_request.ts';
import type { TraceContext } from '../observe/stream_span.ts';

/** What a client speaks; a count of tokens is asked in the format of messages, and is no answer. */
export type ClientFormat = 'weir' | 'count_tokens' | ApiFormat;

/** Formats in which answers are generated: each of their requests can be written in each other one. */
export type GeneratingFormat = Exclude<ApiFormat, 'embeddings'>;

export type { AnswerEnd };

/** Takes an answer as parts. Exactly one of `end` and `fail` is called, once, last. */
export interface PartConsumer {
  /** Never empty. @returns false when full: at most the other parts of the same event come before `resume` */
  text(text: string): boolean;
  /** Everything else, where it was asked for. @returns as `text` */
  part(part: AnswerPart): boolean;
  /** The answer has begun with something that was not asked for. Called before the first text, if at all. */
  begun?(): void;
  end(end: AnswerEnd): void;
  fail(error: WeirError): void;
}

/** An answer in parts, whose upstream has sent its head. Nothing flows before `start`. */
export interface PartAnswer {
  readonly kind: 'parts';
  /** As a {@link ByteAnswer} has them, in the client's spelling; absent where the upstream sent none. */
  readonly headers?: ByteAnswer['headers'] | undefined;
  start(consumer: PartConsumer): void;
  resume(): void;
}

/** Takes the bytes of an answer. Exactly one of `end` and `fail` is called, once, last. */
export interface ByteConsumer {
  /** @param bytes one character a byte (Latin-1). @returns false when full: nothing more until `resume` */
  bytes(bytes: string): boolean;
  /** The server ended its answer as HTTP wants it. */
  end(): void;
  fail(error: WeirError): void;
}

/** An answer in the client's own format, whose upstream has sent its head. Nothing flows before `start`. */
export interface ByteAnswer {
  readonly kind: 'bytes';
  readonly status: number;
  /** Lower-case names; those that clients of the format read, and no others. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  start(consumer: ByteConsumer): void;
  resume(): void;
  /** The consumer has all that it wants, and hears nothing more; the connection may serve again if it ends soon. */
  finish(): void;
}

/** An opened answer: relayed as bytes where client and upstream speak one format, else as parts. */
export type Answer = ByteAnswer | PartAnswer;

/** The client's own request, as an upstream of the same format gets it. */
export interface PassedRequest {
  method: 'GET' | 'POST';
  /** Below the server's base URL, for example `/chat/completions`. */
  path: string;
  /** As the client sent it, but for the model's name. */
  body: Uint8Array | undefined;
  /** On top of the server's own; never the client's key. */
  headers: Readonly<Record<string, string>>;
  /** The longest silence before the head, and then between bytes, where the server has no limit of its own. */
  silenceMs: number;
}

/** What a client asks, in each form that an upstream may want it in. */
export interface UpstreamRequest {
  readonly format: ClientFormat;
  readonly stream: boolean;
  /** Whether more than text is wanted of an answer in parts. */
  readonly wantsParts: boolean;
  /** As {@link PassedRequest} has it. */
  readonly silenceMs: number;
  /** @param model as the upstream calls it. Undefined where the client speaks Weir's own format. */
  readonly passed: ((model: string) => PassedRequest) | undefined;
  /** Makes one for a stream of bytes. */
  readonly parser: (() => EventParser) | undefined;
  /** In no format's terms, for upstreams that do not speak the client's. @throws WeirError validation_error */
  generation(): GenerationRequest;
  /** Knobs of the fake provider. @throws WeirError validation_error */
  fake(): FakeOptions;
  /** In another format; made once for each. @throws WeirError validation_error for what can't be said in it */
  written(format: Format, to: Omit<WriteTarget, 'stream'>): WrittenRequest;
  /** No other target will be asked: what may be long is not kept for as long as the stream is open. */
  forget(): void;
}

/**
 * Keeps the name under which the upstream runs an answer, for the instance that may have to go on with it. Resolves when
 * it is kept, or when waiting for that is of no use; never rejects.
 */
export type KeepRun = (run: string) => Promise<void>;

/** What accompanies one call. */
export interface CallContext {
  /** Aborting it cancels the call at any time, also before the head. */
  signal: AbortSignal;
  /**
   * Given where another instance may have to go on with the answer. An upstream that runs answers by itself, under a
   * name, gives no text on before this has resolved.
   */
  keepRun?: KeepRun | undefined;
  /** Sent along, so that the provider's own spans are a part of the same trace. */
  trace?: TraceContext | undefined;
}

/** What was said already: texts, and where more than text is known, the other parts too, in order. */
export type Delivered = readonly (string | AnswerPart)[];

/** A source of answers: a provider's server, or the fake provider in this process. */
export interface Upstream {
  readonly name: string;
  /** Formats in which it can answer a client. */
  readonly speaks: readonly ApiFormat[];
  /** Where it lists its models, and what it wants to hear with that; undefined where it has no list. */
  readonly modelsRequest: PassedRequest | undefined;
  /** Whether it makes answers up in this process. */
  readonly isFake: boolean;
  /** Why it can't be used now, in one sentence; undefined when it can. */
  unusable(): string | undefined;
  /** Whether a client of this format can be answered, in the upstream's own bytes or written in that format. */
  serves(format: ClientFormat): boolean;
  /**
   * Makes what the upstream would be asked, without asking it.
   * @returns harmless fields of the client's body that are left out
   * @throws WeirError validation_error where the request can't be said in a format that the upstream speaks
   */
  prepare(request: UpstreamRequest, model: string): readonly string[];
  /** Cuts this upstream's key out of what it said. */
  redact(text: string): string;
  /**
   * Asks, and waits for the head; a whole answer that is written in another format is waited for. Aborting the signal with `producer_lost` says that another instance goes on with the
   * answer: what runs at the provider by itself is left running.
   * @throws WeirError upstream_error, upstream_timeout, upstream_rate_limited; what `prepare` throws; the signal's reason
   */
  open(request: UpstreamRequest, model: string, context: CallContext): Promise<Answer>;
  /** Sends one request as it is, and waits for the head, whatever its status. @throws as `open` */
  call?(request: PassedRequest, signal: AbortSignal): Promise<ByteAnswer>;
  /**
   * Goes on with an answer to `request` of which `delivered` was said, exactly where it stopped. Absent where the
   * provider can't: another try would be another answer.
   * @param run what `keepRun` was given for that answer
   * @throws WeirError producer_lost, and what `open` throws
   */
  continueFrom?(
    request: UpstreamRequest,
    model: string,
    delivered: Delivered,
    run: string | undefined,
    context: CallContext,
  ): Promise<PartAnswer>;
  /** Ends what `keepRun` was given a name for: no instance will go on with it. */
  dropRun?(run: string): void;
}
