import type { IncomingHttpHeaders } from 'node:http';
import { type Conversation, conversationOf } from '../../core/routing/affinity.ts';
import { valueEnd } from '../../formats/json_fields.ts';
import { isObject } from '../../formats/json_object.ts';
import type { EndpointRequest } from '../endpoints/endpoint_request.ts';

/** Where clients name their session: Claude Code; Codex, newer and older; any client; OpenCode. */
const SESSION_HEADERS = ['x-claude-code-session-id', 'session-id', 'session_id', 'x-session-id', 'x-session-affinity'];
/** So much of the system prompt, and of the first messages, is looked at. */
const LOOKED_AT = 64 * 1024;
/** A user's message comes earlier, or does not count. */
const MAX_MESSAGES = 8;

interface AskedBy {
  userId: string;
  headers: IncomingHttpHeaders;
}

/** The conversation of a request to `/v1/*`. What that costs is bounded. */
export function conversationOfRequest(
  { userId, headers }: AskedBy,
  asked: Pick<EndpointRequest, 'member'>,
): Conversation | undefined {
  const key = plainValue(asked.member('prompt_cache_key', LOOKED_AT));
  return named(userId, (typeof key === 'string' && key) || sessionOf(headers) || beginningOf(asked));
}

/** The same of a request to `/api/v1/stream`. */
export function conversationOfStream(
  { userId, headers }: AskedBy,
  { query, messages }: { query?: string | undefined; messages?: readonly unknown[] | undefined },
): Conversation | undefined {
  return named(userId, sessionOf(headers) ?? query?.slice(0, LOOKED_AT) ?? firstSaid(messages ?? []));
}

function named(userId: string, name: string | undefined): Conversation | undefined {
  return name === undefined ? undefined : conversationOf(userId, name);
}

function sessionOf(headers: IncomingHttpHeaders): string | undefined {
  for (const name of SESSION_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** What every request of a conversation begins with: the system prompt, and the messages up to the first of a user. */
function beginningOf(asked: Pick<EndpointRequest, 'member'>): string | undefined {
  const system = asked.member('system', LOOKED_AT) ?? asked.member('instructions', LOOKED_AT) ?? '';
  const messages = asked.member('messages', LOOKED_AT) ?? asked.member('input', LOOKED_AT);
  if (messages === undefined) return undefined;
  const said = messages.startsWith('[') ? firstSaid(elementsOf(messages)) : messages;
  return said && `${textOf(plainValue(system)) || system}\n${said}`;
}

/** Only the texts: clients add marks of the cache to a message, and take them away again. */
function firstSaid(messages: Iterable<unknown>): string | undefined {
  const said: string[] = [];
  for (const message of messages) {
    if (said.length === MAX_MESSAGES) break;
    // What was cut off is the last.
    if (typeof message === 'string') said.push(message);
    if (!isObject(message)) continue;
    const { role, content } = message;
    said.push(textOf(content) || JSON.stringify(content ?? '').slice(0, LOOKED_AT));
    if (role === 'user') break;
  }
  return said.length === 0 ? undefined : said.join('\n').slice(0, 2 * LOOKED_AT);
}

/** Of a message or a system prompt: the text, or the texts of its parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

/** The members of a list, parsed one by one; one that is cut off as its text. @param list JSON, perhaps without its end */
function* elementsOf(list: string): Iterable<unknown> {
  for (let at = 1; at < list.length; ) {
    const start = at + list.slice(at).search(/[^\s,]/);
    if (start < at || list[start] === ']') return;
    const end = valueEnd(list, start);
    const text = end < 0 ? list.slice(start) : list.slice(start, end);
    yield plainValue(text) ?? text;
    if (end < 0) return;
    at = end;
  }
}

/** Undefined where the text is no JSON. */
function plainValue(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
