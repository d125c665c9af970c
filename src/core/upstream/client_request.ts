import { asWeirError, WeirError } from '../../formats/error_code.ts';
import type { Format, WriteTarget, WrittenRequest } from '../../formats/format.ts';
import type { GenerationRequest, MessagePart } from '../../formats/generation_request.ts';
import { PROVIDER_SILENCE_MS } from '../../formats/timing.ts';
import { readWeirRequest } from '../../formats/weir/read_weir_request.ts';
import { type FakeOptions, fakeOptionsSchema, type StreamRequest } from '../../formats/weir/stream_request.ts';
import type { UpstreamRequest } from './upstream.ts';

type About = Pick<UpstreamRequest, 'format' | 'stream' | 'wantsParts' | 'silenceMs' | 'passed' | 'parser' | 'fake'> & {
  /** Reads the client's body. @throws WeirError validation_error */
  read(): GenerationRequest;
  /** Of the body that would be passed. */
  hasMarkedSeals?(): boolean;
  /** Called when no other target will be asked. */
  forgotten?(): void;
};

/** More of the names of dropped fields is not kept: no answer says more of them. */
export const DROPPED_CHARS = 1_000;

/** A client's request. What other formats need of it is made when a target first needs it, and once for each. */
export class ClientRequest implements UpstreamRequest {
  readonly format: UpstreamRequest['format'];
  readonly stream: boolean;
  readonly wantsParts: boolean;
  readonly silenceMs: number;
  readonly passed: UpstreamRequest['passed'];
  readonly parser: UpstreamRequest['parser'];
  readonly #about: About;
  #read: { request: GenerationRequest } | { error: WeirError } | undefined;
  #isForgotten = false;
  #hasMarkedSeals: boolean | undefined;
  #written: { format: Format; provider: string; model: string; request: WrittenRequest }[] = [];

  constructor(about: About) {
    this.format = about.format;
    this.stream = about.stream;
    this.wantsParts = about.wantsParts;
    this.silenceMs = about.silenceMs;
    this.passed = about.passed;
    this.parser = about.parser;
    this.#about = about;
  }

  /** Once it is forgotten its body is not read again: who took room for that has given it back. */
  generation(): GenerationRequest {
    if (this.#isForgotten) {
      throw new WeirError('validation_error', { message: 'Its answer has begun: this request is asked nowhere else.' });
    }
    this.#read ??= this.#readOnce();
    if ('error' in this.#read) throw this.#read.error;
    return this.#read.request;
  }

  get hasMarkedSeals(): boolean {
    this.#hasMarkedSeals ??= this.#about.hasMarkedSeals?.() ?? false;
    return this.#hasMarkedSeals;
  }

  fake(): FakeOptions {
    return this.#about.fake();
  }

  written(format: Format, to: Omit<WriteTarget, 'stream'>): WrittenRequest {
    const { provider, model } = to;
    const known = this.#written.find((one) => {
      return one.format === format && one.provider === provider && one.model === model;
    });
    if (known) return known.request;
    const { request: asked, hasLost } = withoutSealsOfOthers(this.generation(), provider);
    const written = format.writeRequest(asked, { ...to, stream: this.stream });
    const dropped = hasLost ? [...written.dropped, SEAL_FIELDS[this.format] ?? ''] : written.dropped;
    const request = { ...written, dropped: firstNames(dropped) };
    this.#written.push({ format, provider, model, request });
    return request;
  }

  forget(): void {
    this.#isForgotten = true;
    this.#read = undefined;
    this.#written = this.#written.map((one) => ({ ...one, request: { ...one.request, body: {} } }));
    this.#about.forgotten?.();
  }

  #readOnce() {
    try {
      return { request: this.#about.read() };
    } catch (error) {
      return { error: asWeirError(error) };
    }
  }
}

/** Where seals stand in a client's body. */
const SEAL_FIELDS: Partial<Record<UpstreamRequest['format'], string>> = {
  chat: 'reasoning_details',
  weir: 'reasoning_details',
  responses: 'encrypted_content',
  messages: 'signature',
};

/** A provider refuses the whole request for a seal that another one made. */
function withoutSealsOfOthers(request: GenerationRequest, provider: string) {
  const isOthers = (part: MessagePart) =>
    part.type === 'reasoning_seal' && part.seal.provider !== undefined && part.seal.provider !== provider;
  if (!request.messages.some(({ parts }) => parts.some(isOthers))) return { request, hasLost: false };
  const messages = request.messages.map((message) => ({
    ...message,
    parts: message.parts.filter((part) => !isOthers(part)),
  }));
  return { request: { ...request, messages }, hasLost: true };
}

/** Copies: a part of a text keeps the whole one. */
function firstNames(names: readonly string[]): string[] {
  const first: string[] = [];
  let length = 0;
  for (const name of names) {
    first.push(name.length > DROPPED_CHARS ? Buffer.from(name.slice(0, DROPPED_CHARS + 1)).toString() : name);
    length += name.length;
    if (length > DROPPED_CHARS) break;
  }
  return first;
}

/** A request of `/api/v1/stream`. */
export function weirRequest(request: StreamRequest): UpstreamRequest {
  return new ClientRequest({
    format: 'weir',
    stream: true,
    wantsParts: request.parts === true,
    silenceMs: PROVIDER_SILENCE_MS,
    passed: undefined,
    parser: undefined,
    read: () => readWeirRequest(request),
    fake: () => request.fake ?? fakeOptionsSchema.parse({}),
    forgotten: () => {
      // The log keeps it, for an instance that goes on with it.
      if (request.resumable) return;
      request.query = undefined;
      request.messages = undefined;
    },
  });
}

/** The words of a request: its messages one below the other, without names of tools, images and files. */
export function promptText({ messages }: GenerationRequest): string {
  return messages.map(({ parts }) => textOf(parts)).join('\n');
}

function textOf(parts: readonly MessagePart[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      return part.type === 'tool_result' ? textOf(part.parts) : '';
    })
    .join('\n');
}
