import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';
import { afterAll, beforeEach } from 'vitest';
import { chatFormat } from '../../src/formats/chat/chat_format.ts';
import type { Format } from '../../src/formats/format.ts';
import { messagesFormat } from '../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../src/formats/stream_part.ts';
import { startGateway, stopGateway } from './gateway_here.ts';
import { along, routeFile } from './route_files.ts';

/** A request as a provider got it. */
export interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

export const FORMATS = { chat: chatFormat, responses: responsesFormat, messages: messagesFormat };
export type Name = keyof typeof FORMATS;
export const NAMES = Object.keys(FORMATS) as Name[];
export const PATHS: Record<Name, string> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
};
/** Each format of a client with each of an upstream. */
export const CELLS = NAMES.flatMap((client) => NAMES.map((upstream) => [client, upstream] as const));

/** What each provider says, in its own format. */
export const PARTS: StreamPart[] = [
  { type: 'reasoning', text: 'Hm, ' },
  { type: 'reasoning', text: 'grüß.' },
  { type: 'text', text: 'Höre: ' },
  { type: 'text', text: '流れる.' },
  { type: 'tool_call', index: 0, id: 'call_a1', name: 'search' },
  { type: 'tool_arguments', index: 0, json: '{"q":' },
  { type: 'tool_arguments', index: 0, json: '"ä"}' },
  { type: 'usage', usage: { input: 11, output: 7 } },
  { type: 'finish', reason: 'tool_calls' },
];

export const said = [{ role: 'user', content: 'Hi.' }];
const BODIES: Record<Name, object> = {
  chat: { messages: said, stream_options: { include_usage: true } },
  responses: { input: 'Hi.' },
  messages: { messages: said, max_tokens: 99 },
};

/** How a provider answers. */
type Reply = (response: ServerResponse, name: Name, body: Asked['body']) => void;

export const headOf = (name: Name) => ({
  id: name,
  created: 1_764_000_000,
  model: 'm',
  body: BODIES.chat as Asked['body'],
});

/** All of {@link PARTS}, streamed or whole. */
export const answers: Reply = (response, name, body) => {
  const format = FORMATS[name];
  if (body.stream !== true) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(format.writeAnswer(headOf(name), PARTS)));
    return;
  }
  const writer = format.writer(headOf(name));
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'x-request-id': 'req-of-the-provider' });
  response.end(writer.begin() + PARTS.map((part) => writer.write(part)).join(''));
};

export const refuses =
  (status: number, body: object | string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
/** An instance in this process, and a provider for each format; a test may say how the next answers are. */
export async function translatingGateway() {
  const mock: { reply: Reply; asked: Asked[] } = { reply: answers, asked: [] };
  const server = createServer(async (request, response) => {
    const text = await bodyText(request);
    // Lists of models are asked without a body, and there are none.
    if (text === '') return void response.writeHead(404).end();
    const body = JSON.parse(text) as Asked['body'];
    const { pathname } = new URL(request.url as string, 'http://mock');
    mock.asked.push({ path: pathname, headers: request.headers, body });
    mock.reply(response, NAMES.find((name) => pathname.endsWith(PATHS[name])) as Name, body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const speaking = (speaks: string[], more: object = {}) => ({ base_url, capabilities: { speaks }, ...more });
  const config = routeFile({
    default_provider: 'chat',
    providers: {
      chat: speaking(['embeddings', 'chat']),
      responses: speaking(['responses']),
      messages: {
        ...speaking(['messages'], { max_tokens: { small: 4_000 } }),
        protocol: 'anthropic',
        headers: { 'x-api-key': 'sk-of-the-deployment' },
      },
      away: { base_url: 'http://127.0.0.1:1', capabilities: { speaks: ['messages'] } },
    },
    routes: {
      any: along('away/m', 'chat/m', 'messages/m'),
      kept: { ...along('messages/m'), cache: { ttl_seconds: 60 } },
      picky: along('messages/m', 'responses/m'),
    },
  });
  const { gateway, url } = await startGateway({ WEIR_CONFIG: config.file, LOG_LEVEL: 'error' });
  beforeEach(() => {
    mock.asked.length = 0;
    mock.reply = answers;
  });
  afterAll(async () => {
    await stopGateway(gateway);
    server.close();
    config[Symbol.dispose]();
  });

  const post = (client: Name, body: object) =>
    fetch(`${url}/v1${PATHS[client]}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'anthropic-beta': 'some-beta' },
      body: JSON.stringify({ ...BODIES[client], ...body }),
    });
  /** The lines of one metric. */
  const metrics = async (name: string): Promise<string[]> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  return { gateway, url, mock, asked: mock.asked, post, metrics };
}

/** Neighbours of one kind joined, without what not all formats have. */
export function joined(parts: readonly StreamPart[]): unknown[] {
  const out: Record<string, unknown>[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    const isSame = last?.type === part.type;
    if (isSame && 'text' in part) last.text += part.text;
    else if (isSame && 'json' in part) last.json += part.json;
    else if (part.type === 'usage') out.push({ type: 'usage', input: part.usage.input, output: part.usage.output });
    else if (part.type !== 'reasoning_seal') out.push({ ...part });
  }
  return out;
}

/** The parts of a stream in a format. */
export function readStream(format: Format, text: string): StreamPart[] {
  const reader = format.reader();
  const data = text.split('\n\n').flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
  const parts = data.flatMap((each) => reader.read(each));
  return [...parts, ...reader.end()];
}
