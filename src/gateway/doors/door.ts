import { ChatReader } from '../../core/passthrough/chat_reader.ts';
import type { EventReader } from '../../core/passthrough/event_reader.ts';
import type { Dialect, PassExchange } from '../../core/passthrough/handle_passthrough.ts';
import { MessagesReader } from '../../core/passthrough/messages_reader.ts';
import type { Protocol } from '../../core/passthrough/origin.ts';
import { ResponsesReader } from '../../core/passthrough/responses_reader.ts';
import { chatFormat } from '../../formats/chat/chat_format.ts';
import type { Format } from '../../formats/format.ts';
import { messagesFormat } from '../../formats/messages/messages_format.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';
import type { DoorRequest } from '../http/door_request.ts';
import { dialectOf } from './dialects.ts';

/** One API of others that clients may speak here. */
export interface Door {
  /** In traces; equal requests are equal at one door only. */
  name: PassExchange['trace']['door'];
  /** What a provider has to speak. */
  protocol: Protocol;
  /** Here, and below the provider's base URL. */
  path: string;
  upstreamPath: string;
  summary: string;
  /** A request, for the document. */
  example: object;
  format: Format;
  /** What Weir itself says in a stream that is passed on. */
  dialect: Dialect;
  /** Whether its answers are paid by the token; counting tokens is free. */
  generates: boolean;
  /** Undefined where nothing is ever streamed. */
  reader: ((request: DoorRequest) => EventReader) | undefined;
  /** Of the client's headers those that the provider gets, with what they are where the client sends none. */
  headers: Readonly<Record<string, string | undefined>>;
}

/** Their API refuses a request that names none. */
export const ANTHROPIC_VERSION = '2023-06-01';

const ANTHROPIC_HEADERS = { 'anthropic-version': ANTHROPIC_VERSION, 'anthropic-beta': undefined };

const HELLO = [{ role: 'user', content: 'Say hello.' }];

export const DOORS: readonly Door[] = [
  {
    name: 'chat',
    protocol: 'chat',
    path: '/v1/chat/completions',
    upstreamPath: '/chat/completions',
    summary: "OpenAI's chat completions, streamed or whole",
    example: { model: 'fake/demo', messages: HELLO, stream: true },
    format: chatFormat,
    dialect: dialectOf(chatFormat),
    generates: true,
    reader: ({ n }) => new ChatReader(Math.max(1, n)),
    headers: { 'openai-beta': undefined },
  },
  {
    name: 'embeddings',
    protocol: 'embeddings',
    path: '/v1/embeddings',
    upstreamPath: '/embeddings',
    summary: "OpenAI's embeddings",
    example: { model: 'openai/text-embedding-3-small', input: 'Say hello.' },
    format: chatFormat,
    dialect: dialectOf(chatFormat),
    generates: true,
    reader: undefined,
    headers: {},
  },
  {
    name: 'responses',
    protocol: 'responses',
    path: '/v1/responses',
    upstreamPath: '/responses',
    summary: "OpenAI's responses, streamed or whole",
    example: { model: 'fake/demo', input: 'Say hello.', stream: true },
    format: responsesFormat,
    dialect: dialectOf(responsesFormat),
    generates: true,
    reader: () => new ResponsesReader(),
    headers: { 'openai-beta': undefined },
  },
  {
    name: 'messages',
    protocol: 'messages',
    path: '/v1/messages',
    upstreamPath: '/messages',
    summary: "Anthropic's messages, streamed or whole",
    example: { model: 'fake/demo', messages: HELLO, max_tokens: 100, stream: true },
    format: messagesFormat,
    dialect: dialectOf(messagesFormat),
    generates: true,
    reader: () => new MessagesReader(),
    headers: ANTHROPIC_HEADERS,
  },
  {
    name: 'count_tokens',
    protocol: 'messages',
    path: '/v1/messages/count_tokens',
    upstreamPath: '/messages/count_tokens',
    summary: "Tokens of one of Anthropic's messages, counted by the provider",
    example: { model: 'anthropic/claude-sonnet-4-5', messages: HELLO },
    format: messagesFormat,
    dialect: dialectOf(messagesFormat),
    generates: false,
    reader: undefined,
    headers: ANTHROPIC_HEADERS,
  },
];
