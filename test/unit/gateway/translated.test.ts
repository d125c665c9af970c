import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { streamEvents } from '../../../src/client/stream_events.ts';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import type { Format } from '../../../src/formats/format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { buildGateway, type Gateway } from '../../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../../src/gateway/config.ts';
import { along, type RouteFile, routeFile } from '../../support/route_files.ts';

interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

const FORMATS = { chat: chatFormat, responses: responsesFormat, messages: messagesFormat };
type Name = keyof typeof FORMATS;
const NAMES = Object.keys(FORMATS) as Name[];
const PATHS: Record<Name, string> = { chat: '/chat/completions', responses: '/responses', messages: '/messages' };

/** What each provider says, in its own format. */
const PARTS: StreamPart[] = [
  { type: 'reasoning', text: 'Hm, ' },
  { type: 'reasoning', text: 'grüß.' },
  { type: 'text', text: 'Höre: ' },
  { type: 'text', text: '流れる.' },
  { type: 'tool_call', index: 0, id: 'call_1', name: 'search' },
  { type: 'tool_arguments', index: 0, json: '{"q":' },
  { type: 'tool_arguments', index: 0, json: '"ä"}' },
  { type: 'usage', usage: { input: 11, output: 7 } },
  { type: 'finish', reason: 'tool_calls' },
];

const said = [{ role: 'user', content: 'Hi.' }];
const BODIES: Record<Name, object> = {
  chat: { messages: said, stream_options: { include_usage: true } },
  responses: { input: 'Hi.' },
  messages: { messages: said, max_tokens: 99 },
};

let server: Server;
let gateway: Gateway;
let url: string;
let config: RouteFile;
const asked: Asked[] = [];
type Reply = (response: ServerResponse, name: Name, body: Asked['body']) => void;
let reply: Reply;

const headOf = (name: Name) => ({ id: name, created: 1_764_000_000, model: 'm', body: BODIES.chat as Asked['body'] });

const answers: Reply = (response, name, body) => {
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

const refuses =
  (status: number, body: object | string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const body = JSON.parse(await bodyText(request)) as Asked['body'];
    const { pathname } = new URL(request.url as string, 'http://mock');
    asked.push({ path: pathname, headers: request.headers, body });
    reply(response, NAMES.find((name) => pathname.endsWith(PATHS[name])) as Name, body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const speaking = (speaks: string[], more: object = {}) => ({ base_url, capabilities: { speaks }, ...more });
  config = routeFile({
    default_provider: 'chat',
    providers: {
      chat: speaking(['embeddings', 'chat']),
      responses: speaking(['responses', 'chat'].slice(0, 1)),
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
  gateway = await buildGateway(parseConfig({ WEIR_CONFIG: config.file, LOG_LEVEL: 'error' }), {}, '');
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
  reply = answers;
});
afterAll(async () => {
  await gateway.app.close();
  await gateway.close();
  server.close();
  config[Symbol.dispose]();
});

const post = (client: Name, body: object) =>
  fetch(`${url}/v1${PATHS[client]}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'anthropic-beta': 'some-beta' },
    body: JSON.stringify({ ...BODIES[client], ...body }),
  });

/** Neighbours of one kind joined, without what not all formats have. */
function joined(parts: readonly StreamPart[]): unknown[] {
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

function readStream(format: Format, text: string): StreamPart[] {
  const reader = format.reader();
  const data = text.split('\n\n').flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
  const parts = data.flatMap((each) => reader.read(each));
  return [...parts, ...reader.end()];
}

const CELLS = NAMES.flatMap((client) => NAMES.map((upstream) => [client, upstream] as const));

describe.each(CELLS)('a client of %s at an upstream of %s', (client, upstream) => {
  const model = `${upstream}/m`;
  const format = FORMATS[client];

  it('streams the whole answer in its own format', async () => {
    const answer = await post(client, { model, stream: true });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('x-upstream-request-id')).toBe('req-of-the-provider');
    expect(joined(readStream(format, await answer.text()))).toEqual(joined(PARTS));
    const [{ path, body, headers }] = asked as [Asked];
    expect([path.endsWith(PATHS[upstream]), body.model, body.stream]).toEqual([true, 'm', true]);
    if (upstream === 'chat') expect(body.stream_options).toEqual({ include_usage: true });
    if (upstream === 'messages') expect(headers['anthropic-version']).toBe('2023-06-01');
    if (client !== upstream) expect(headers['anthropic-beta']).toBeUndefined();
  });

  it('has it whole, asked whole', async () => {
    const answer = await post(client, { model });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(joined(format.readAnswer(await answer.json()))).toEqual(joined(PARTS));
    expect(asked.map(({ body }) => body.stream ?? false)).toEqual([false]);
  });

  it('is refused in its own format, in the provider’s words, with what clients read of its limits', async () => {
    const limits: Record<string, string> =
      upstream === 'messages'
        ? { 'anthropic-ratelimit-requests-remaining': '3' }
        : { 'x-ratelimit-remaining-requests': '3' };
    const error = { type: 'rate_limit_error', message: 'Slow down, ä.', code: null, param: null };
    reply = refuses(429, { type: 'error', error }, { ...limits, 'retry-after': '20' });
    for (const stream of [true, false]) {
      const answer = await post(client, { model, stream });
      const { headers } = answer;
      expect([answer.status, headers.get('x-weir-refused-by'), headers.get('retry-after')]).toEqual([
        429,
        upstream,
        '20',
      ]);
      const left = client === 'messages' ? 'anthropic-ratelimit-requests-remaining' : 'x-ratelimit-remaining-requests';
      expect(headers.get(left)).toBe('3');
      expect(await answer.json()).toMatchObject({ error: { type: 'rate_limit_error', message: 'Slow down, ä.' } });
    }
  });
});

describe.each(NAMES)('/api/v1/stream at an upstream of %s', (provider) => {
  const events = async (body: object) => {
    const request = { query: 'Hi.', provider, model: 'm', ...body };
    const all = await Array.fromAsync(streamEvents(request, { baseUrl: `${url}/api/v1`, verify: true }));
    const said = all.filter(({ type }) => type !== 'notice');
    return said.map(({ type, data }) => [type, 'content' in data ? data.content : undefined]);
  };

  it.each([false, true])('brings its text, where the stream is resumable: %s', async (resumable) => {
    expect(await events({ resumable })).toEqual([
      ['status', undefined],
      ['chunk', 'Höre: '],
      ['chunk', '流れる.'],
      ['complete', undefined],
    ]);
  });

  it('brings reasoning and tool calls where they are asked for', async () => {
    const types = (await events({ parts: true })).map(([type]) => type);
    expect(types).toEqual([
      'status',
      ...['reasoning', 'reasoning', 'chunk', 'chunk'],
      ...['tool_call', 'tool_call', 'tool_call', 'complete'],
    ]);
  });
});
