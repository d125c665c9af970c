import { eventId } from '../../core/durable/cursor.ts';
import { dataOf, splitEvents, unpackEvent } from '../../core/durable/event_entries.ts';
import { EventFrames } from '../../core/durable/event_frames.ts';
import type { KeptBody } from '../../core/durable/kept_request.ts';
import type { LogFormat, LogFormats, ResumedStream } from '../../core/durable/log_format.ts';
import type { ResumableRecord } from '../../core/durable/resumable_record.ts';
import { EntryEncoder, TextFrames, WeirPartFrames } from '../../core/durable/weir_frames.ts';
import { weirRequest } from '../../core/upstream/client_request.ts';
import type { Delivered, UpstreamRequest } from '../../core/upstream/upstream.ts';
import type { WeirError } from '../../formats/error_code.ts';
import type { StreamFormat } from '../../formats/format.ts';
import { type JsonObject, objectOf, parseObject, textOf } from '../../formats/json_object.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';
import type { StreamPart } from '../../formats/stream_part.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import { encodeError } from '../../formats/weir/weir_encoder.ts';
import { FormatEncoder, WeirEncoder } from './encoders.ts';
import { ENDPOINTS, type Endpoint } from './endpoint.ts';
import { bodyRequest, parseEndpointRequest } from './endpoint_request.ts';

/** In UTF-16 units. */
const MAX_TEXT = 512 * 1024;
const MAX_EVENTS = 4 * 1024 * 1024;

/** Endings that are a text's own: what follows them is more of it. */
const GOES_ON = new Set<StreamPart['type']>(['text', 'citation']);

/** @param graceMs how long a stream goes on without a reader, on `/api/v1/stream` and elsewhere */
export function logFormats(graceMs: { weir: number; others: number }): LogFormats {
  const endpoints = ENDPOINTS.filter(({ parser }) => parser !== undefined);
  return new Map<string, LogFormat>([
    ['text', weirFormat(graceMs.weir, false)],
    ['weir_parts', weirFormat(graceMs.weir, true)],
    ...endpoints.map((endpoint) => [endpoint.name, eventFormat(endpoint, graceMs.others)] as const),
  ]);
}

function weirFormat(graceMs: number, wantsParts: boolean): LogFormat {
  return {
    endpoint: 'weir',
    graceMs,
    limit: wantsParts ? { units: MAX_EVENTS, ends: 'stream' } : { units: MAX_TEXT, ends: 'stream' },
    frames: (record, current) => {
      const encoder = weirEncoder(record, current, wantsParts);
      const error = (id: string, failure: WeirError) => encodeError(id, failure, record.id, 0);
      return wantsParts ? new WeirPartFrames(encoder, error, current) : new TextFrames(encoder, error);
    },
    request: (kept, { model }) => weirRequest({ ...(kept as StreamRequest), model }),
    resume: (entries, record, _, current) => {
      const encoder = new EntryEncoder(weirEncoder(record, current, wantsParts));
      if (!wantsParts) return { encoder, texts: entries, canGoOn: true, ended: undefined };
      const events = entries.map((_, at) => unpackEvent(entries, at + 1));
      const texts = events.filter(isChunk).map((event) => textOf(parseObject(dataOf(event) ?? '')?.content));
      const last = events.at(-1);
      return { encoder, texts, canGoOn: last === undefined || isChunk(last), ended: undefined };
    },
  };
}

const isChunk = (event: string) => event.startsWith('event: chunk\n');

/** Its epoch, provider and model may change, and stand in what it writes. */
function weirEncoder(record: ResumableRecord, current: () => ResumableRecord, wantsParts: boolean): WeirEncoder {
  const { id: thread_id, instance, token: resume_token, promptLength } = record;
  const status = {
    status: 'validated' as const,
    thread_id,
    instance,
    get model() {
      return current().model;
    },
    get provider() {
      return current().provider;
    },
    resume_token,
  };
  return new WeirEncoder(status, promptLength, wantsParts, (seq) => eventId(current(), seq));
}

/** The log holds the client's events. */
function eventFormat(endpoint: Endpoint, graceMs: number): LogFormat {
  const { format } = endpoint;
  return {
    endpoint: endpoint.name,
    graceMs,
    limit: { units: MAX_EVENTS, ends: 'resumability' },
    frames: (record, current) =>
      new EventFrames(current, (error) => format.writer(headOf(record, () => ({}))).write({ type: 'error', error })),
    ...(format === responsesFormat ? { nameOf: responseName } : {}),
    request: (kept) => keptRequest(endpoint, kept as KeptBody),
    resume: (entries, record, kept) => resumeEvents(endpoint.format, entries, record, kept as KeptBody | undefined),
  };
}

/** For an answer in parts, which another answer in parts can follow. */
function keptRequest(endpoint: Endpoint, { body, headers }: KeptBody): UpstreamRequest {
  const bytes = Buffer.from(body);
  const asked = { ...parseEndpointRequest(bytes), stream: true };
  // What was taken in once is in memory already.
  return bodyRequest(endpoint, asked, bytes, headers, () => () => {}, { inParts: true }).upstream;
}

/** @param body of the request; asked when the head is, as it may cost a parse */
function headOf({ id, createdAt }: ResumableRecord, body: () => JsonObject) {
  return {
    id,
    created: Math.floor(createdAt / 1000),
    get model() {
      return textOf(body().model);
    },
    get body() {
      return body();
    },
  };
}

function resumeEvents(
  format: StreamFormat,
  entries: readonly string[],
  record: ResumableRecord,
  kept: KeptBody | undefined,
): ResumedStream {
  let parsed: JsonObject | undefined;
  const body = () => {
    parsed ??= (kept && parseObject(kept.body)) ?? {};
    return parsed;
  };
  const head = headOf(record, body);
  const events = entries.flatMap((_, at) => dataOf(unpackEvent(entries, at + 1)) ?? []);
  if (events.length === 0) {
    const encoder = new FormatEncoder(format, head, body);
    return { encoder, texts: [], canGoOn: entries.length === 0, ended: undefined };
  }
  const writer = format.resumedWriter?.(events, head) ?? format.writer(head);
  const reader = format.reader();
  const parts = events.flatMap((data) => reader.read(data));
  const last = parts.at(-1);
  const isPlain = parts.every(({ type }) => type !== 'tool_call' && type !== 'refusal' && type !== 'error');
  const { n = 1 } = body();
  const hasFinished = reader.finishReason !== undefined && n === 1;
  return {
    encoder: new FormatEncoder(format, head, body, { writer }),
    texts: parts.flatMap((part) => (part.type === 'text' ? part.text : [])),
    ...(format === responsesFormat ? { said: parts.flatMap(deliveredOf) } : {}),
    canGoOn: format.resumedWriter !== undefined && n === 1 && isPlain && (!last || GOES_ON.has(last.type)),
    ended: hasFinished
      ? { finish: format.finishOf(reader.finishReason), finishReason: reader.finishReason }
      : undefined,
  };
}

function deliveredOf(part: StreamPart): Delivered {
  if (part.type === 'text') return [part.text];
  return part.type === 'usage' || part.type === 'finish' || part.type === 'error' ? [] : [part];
}

/** The id of a response as its provider gave it. */
function responseName(frame: string, { id }: ResumableRecord): string | undefined {
  const event = parseObject(dataOf(splitEvents(frame)[0] ?? '') ?? '');
  const name = textOf(objectOf(event?.response)?.id);
  return name === '' || name === `resp_${id}` ? undefined : name;
}
