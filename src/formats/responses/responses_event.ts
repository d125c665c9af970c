import { eventBegins, isPieceType, parseTypedEvent } from '../event_parser.ts';
import { isObject } from '../json_object.ts';
import { type ReportedUsage, reportedUsage } from '../reported_usage.ts';
import { INCOMPLETE_REASONS } from './response_object.ts';

/** How a response ended, as its last event repeats it. */
export interface ResponseEnd {
  /** Why it is not whole, in the provider's own word. */
  cut: string | undefined;
  status: string | undefined;
  /** It names an error, whatever its status. */
  failed: boolean;
  usage: ReportedUsage | undefined;
}

/** @param response of an event that ends one @returns undefined for what is no response */
export function responseEnd(response: unknown): ResponseEnd | undefined {
  if (!isObject(response)) return undefined;
  const { status = undefined, usage, error } = response;
  const details = response.incomplete_details ?? {};
  if (!isObject(details)) return undefined;
  const cut = details.reason ?? undefined;
  if (!isTextOrNone(cut) || !isTextOrNone(status)) return undefined;
  return { cut, status, failed: Boolean(error), usage: reportedUsage(usage) };
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

/** What an event means for a relay of text; `begun`: the answer has begun, with no text. `over`: the provider works on this answer no more. */
export type ResponsesMeaning =
  | { kind: 'run'; run: string }
  | { kind: 'text'; text: string }
  | { kind: 'end'; finishReason: string; usage: ReportedUsage | undefined }
  | { kind: 'error'; over: boolean }
  | { kind: 'begun' }
  | { kind: 'nothing' };

/** It becomes a part of paths, and of what is stored. */
const RUN = /^[\w.~:=-]{1,256}$/;

/** Reads one event's data. @returns undefined for what is no event of the Responses API */
export function readResponsesEvent(data: string): ResponsesMeaning | undefined {
  const event = parseTypedEvent(data);
  if (event === undefined) return undefined;
  const { type, delta, response } = event;
  switch (type) {
    case 'response.created':
      return created(response);
    case 'response.output_text.delta':
      if (typeof delta !== 'string') return undefined;
      return delta === '' ? { kind: 'nothing' } : { kind: 'text', text: delta };
    case 'response.completed':
    case 'response.incomplete':
      return ended(type, response);
    case 'response.failed':
    case 'error':
      return { kind: 'error', over: type === 'response.failed' };
    default:
      return { kind: isPieceType(type ?? '') || eventBegins(event) ? 'begun' : 'nothing' };
  }
}

function created(response: unknown): ResponsesMeaning | undefined {
  if (!isObject(response)) return undefined;
  const { id } = response;
  return typeof id === 'string' && RUN.test(id) && !/^\.+$/.test(id) ? { kind: 'run', run: id } : undefined;
}

/** Its usage is that of the whole answer, also when it is read a second time. */
function ended(type: string, response: unknown): ResponsesMeaning | undefined {
  const end = responseEnd(response);
  if (end === undefined) return undefined;
  if (end.failed) return { kind: 'error', over: true };
  if (type === 'response.completed') return { kind: 'end', finishReason: 'stop', usage: end.usage };
  // A word that is not known stays the provider's own.
  const finishReason = end.cut === undefined ? 'length' : (INCOMPLETE_REASONS.get(end.cut) ?? end.cut);
  return { kind: 'end', finishReason, usage: end.usage };
}
