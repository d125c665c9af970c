import { ANTHROPIC_VERSION } from '../../adapters/providers/spoken_format.ts';
import type { SpanBegin } from '../../core/observe/stream_span.ts';
import type { ClientFormat } from '../../core/upstream/upstream.ts';
import { ChatEvents } from '../../formats/chat/chat_events.ts';
import { chatFormat } from '../../formats/chat/chat_format.ts';
import type { EventParser } from '../../formats/event_parser.ts';
import type { Format } from '../../formats/format.ts';
import { MessagesEvents } from '../../formats/messages/messages_events.ts';
import { messagesFormat } from '../../formats/messages/messages_format.ts';
import { ResponsesEvents } from '../../formats/responses/responses_events.ts';
import { responsesFormat } from '../../formats/responses/responses_format.ts';

/** One API of others that clients may speak here. */
export interface Endpoint {
  /** In traces; equal requests are equal at one endpoint only. */
  name: SpanBegin['endpoint'];
  /** What its clients speak. */
  protocol: ClientFormat;
  /** Here, and below the provider's base URL. */
  path: string;
  upstreamPath: string;
  summary: string;
  /** A request, for the document. */
  example: object;
  format: Format;
  /** Whether its answers are paid by the token; counting tokens is free. */
  generates: boolean;
  /** Makes a parser of a stream of `n` answers at once; undefined where nothing is ever streamed. */
  parser: ((request: { n: number }) => EventParser) | undefined;
  /** Of the client's headers those that the provider gets, with what they are where the client sends none. */
  headers: Readonly<Record<string, string | undefined>>;
}

const ANTHROPIC_HEADERS = { 'anthropic-version': ANTHROPIC_VERSION, 'anthropic-beta': undefined };

const HELLO = [{ role: 'user', content: 'Say hello.' }];

export const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'chat',
    protocol: 'chat',
    path: '/v1/chat/completions',
    upstreamPath: '/chat/completions',
    summary: "OpenAI's chat completions, streamed or whole",
    example: { model: 'fake/demo', messages: HELLO, stream: true },
    format: chatFormat,
    generates: true,
    parser: ({ n }) => new ChatEvents(Math.max(1, n)),
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
    generates: true,
    parser: undefined,
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
    generates: true,
    parser: () => new ResponsesEvents(),
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
    generates: true,
    parser: () => new MessagesEvents(),
    headers: ANTHROPIC_HEADERS,
  },
  {
    name: 'count_tokens',
    protocol: 'count_tokens',
    path: '/v1/messages/count_tokens',
    upstreamPath: '/messages/count_tokens',
    summary: "Tokens of one of Anthropic's messages, counted by the provider, or estimated where it can't",
    example: { model: 'anthropic/claude-sonnet-4-5', messages: HELLO },
    format: messagesFormat,
    generates: false,
    parser: undefined,
    headers: ANTHROPIC_HEADERS,
  },
];
