import { z } from 'zod';
import { ClientRequest, promptText } from '../../core/upstream/client_request.ts';
import type { UpstreamRequest } from '../../core/upstream/upstream.ts';
import { WeirError } from '../../formats/error_code.ts';
import { type FieldSpan, jsonFields, shapeProblemOfBytes } from '../../formats/json_fields.ts';
import { type JsonObject, parseObject } from '../../formats/json_object.ts';
import { checked } from '../../formats/request_fields.ts';
import { PROVIDER_STREAM_SILENCE_MS, PROVIDER_WHOLE_SILENCE_MS } from '../../formats/timing.ts';
import { type FakeOptions, fakeOptionsSchema } from '../../formats/weir/stream_request.ts';
import type { Endpoint } from './endpoint.ts';

const READ = new Set(['model', 'stream', 'n', 'background', 'store']);
/** What a request names its conversation by, or begins it with. */
const CONVERSATION = new Set(['prompt_cache_key', 'system', 'instructions', 'messages', 'input']);
/** What no answer repeats of its request. */
const UNREPEATED = ['system', 'messages', 'input'] as const;
const MAX_NAME = 200;

/** The little that a gateway has to know of a request that it passes on. */
export interface EndpointRequest {
  /** As the client wrote it. */
  model: string;
  stream: boolean;
  /** Of a response: it is to run by itself, and to be read later. */
  background: boolean;
  /** Whether the client wants that nothing is stored. */
  isUnstored: boolean;
  /** Answers wanted at once. */
  n: number;
  /** The JSON of a member that belongs to the conversation, but no more than its first `limit` bytes. */
  member(name: string, limit: number): string | undefined;
  /** Bytes of the body without what no answer repeats. */
  repeatedBytes: number;
  /** The same body with another model in it; not one byte more is changed. */
  withModel(model: string): Uint8Array;
}

/** @throws WeirError invalid_json, validation_error */
export function parseEndpointRequest(body: Buffer): EndpointRequest {
  const fields = jsonFields(body.toString('latin1'), READ, CONVERSATION);
  if (!fields) throw new WeirError('invalid_json');
  const value = (name: string) => valueAt(body, fields.get(name));
  const model = value('model');
  if (typeof model !== 'string' || model === '' || model.length > MAX_NAME) {
    throw invalid('model', `must be a string of 1 to ${MAX_NAME} characters`);
  }
  const stream = value('stream') ?? false;
  if (typeof stream !== 'boolean') throw invalid('stream', 'must be true or false');
  const n = value('n') ?? 1;
  const { start, end } = fields.get('model') as FieldSpan;
  return {
    model,
    stream,
    background: value('background') === true,
    isUnstored: value('store') === false,
    // What is not a number is the provider's to refuse.
    n: typeof n === 'number' ? n : 1,
    member: (name, limit) => {
      const span = fields.get(name);
      return span && body.toString('utf8', span.start, Math.min(span.end, span.start + limit));
    },
    repeatedBytes: UNREPEATED.reduce((rest, name) => rest - lengthOf(fields.get(name)), body.length),
    withModel: (name) => {
      if (name === model) return body;
      return Buffer.concat([body.subarray(0, start), Buffer.from(JSON.stringify(name)), body.subarray(end)]);
    },
  };
}

function lengthOf(span: FieldSpan | undefined): number {
  return span ? span.end - span.start : 0;
}

export function invalid(field: string, message: string): WeirError {
  return new WeirError('validation_error', {
    message: `Not valid: ${field} ${message}.`,
    details: { fields: [{ field, message }] },
  });
}

function valueAt(body: Buffer, span: FieldSpan | undefined): unknown {
  if (!span) return undefined;
  try {
    return JSON.parse(body.toString('utf8', span.start, span.end));
  } catch {
    throw new WeirError('invalid_json');
  }
}

/** What has been read of a body whose request is written in another format. */
interface ReadBody {
  /** Without what may be long: what an answer may repeat of its request. */
  repeated: JsonObject;
  fake: unknown;
  /** Of its words, in UTF-16 units. */
  promptLength: number;
}

/** A request of an endpoint as upstreams get it: the client's bytes, or what is read of them, once one needs that. */
export interface BodyRequest {
  upstream: UpstreamRequest;
  /** Fields of the body that an answer may repeat. */
  repeated(): JsonObject;
  /** In UTF-16 units of its words; in bytes of the body where that was not parsed. */
  promptLength(): number;
}

/**
 * @param headers of the client that an upstream of its format gets
 * @param takeRoom called before the body is parsed; what it returns is called
 *   with the bytes that are still needed once the answer has begun
 * @param inParts the answer has to come in parts, also from an upstream of the same format
 */
export function bodyRequest(
  endpoint: Endpoint,
  asked: EndpointRequest,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  takeRoom: () => (stays: number) => void,
  { inParts = false } = {},
): BodyRequest {
  let known: ReadBody | undefined;
  let giveRoomBack = (_stays: number) => {};
  const upstream = new ClientRequest({
    ...passedRequest(endpoint, asked, headers),
    ...(inParts && { passed: undefined, parser: undefined }),
    read: () => {
      giveRoomBack = takeRoom();
      const { fake, ...body } = parseBody(bytes);
      const { store: _, ...unstored } = body;
      // What runs in the background is stored here.
      const request = endpoint.format.readRequest(inParts && asked.background ? unstored : body);
      known = { repeated: repeatedOf(body), fake, promptLength: promptText(request).length };
      return request;
    },
    fake: () => fakeOptionsOf(known?.fake),
    forgotten: () => giveRoomBack(asked.repeatedBytes),
  });
  return {
    upstream,
    repeated: () => known?.repeated ?? repeatedOf(parseBody(bytes)),
    promptLength: () => known?.promptLength ?? bytes.length,
  };
}

function passedRequest(
  { protocol, upstreamPath, parser }: Endpoint,
  asked: EndpointRequest,
  headers: Readonly<Record<string, string>>,
): Pick<UpstreamRequest, 'format' | 'stream' | 'wantsParts' | 'silenceMs' | 'passed' | 'parser'> {
  const makeParser = asked.stream ? parser : undefined;
  const silenceMs = makeParser ? PROVIDER_STREAM_SILENCE_MS : PROVIDER_WHOLE_SILENCE_MS;
  return {
    format: protocol,
    stream: makeParser !== undefined,
    wantsParts: true,
    silenceMs,
    passed: (model) => ({
      method: 'POST',
      path: upstreamPath,
      body: asked.withModel(model),
      headers: { accept: makeParser ? 'text/event-stream' : 'application/json', ...headers },
      silenceMs,
    }),
    parser: makeParser && (() => makeParser(asked)),
  };
}

/** @throws WeirError invalid_json, validation_error */
export function parseBody(bytes: Buffer): JsonObject {
  const message = shapeProblemOfBytes(bytes);
  if (message !== undefined) {
    throw new WeirError('validation_error', { message, details: { fields: [{ field: 'body', message }] } });
  }
  const body = parseObject(bytes.toString());
  if (!body) throw new WeirError('invalid_json');
  return body;
}

function repeatedOf({ system, messages, input, ...others }: JsonObject): JsonObject {
  return others;
}

/** @throws WeirError validation_error */
export function fakeOptionsOf(knobs: unknown): FakeOptions {
  return checked(z.object({ fake: fakeOptionsSchema.optional() }), { fake: knobs }).fake ?? fakeOptionsSchema.parse({});
}
