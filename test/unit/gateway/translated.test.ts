import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { streamEvents } from 'weir-client';
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
  { type: 'tool_call', index: 0, id: 'call_a1', name: 'search' },
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
    const text = await bodyText(request);
    // Lists of models are asked without a body, and there are none.
    if (text === '') return void response.writeHead(404).end();
    const body = JSON.parse(text) as Asked['body'];
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

/** The lines of one metric. */
async function metrics(name: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

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

describe('what a provider’s format has no place for', () => {
  it('is refused before a slot is taken, with the names of the field and the provider', async () => {
    const before = await metrics('weir_streams_total');
    for (const [client, body, field] of [
      ['chat', { logprobs: true }, 'logprobs'],
      ['responses', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ] as const) {
      const answer = await post(client, { model: 'messages/m', ...body });
      expect(answer.status).toBe(400);
      const { error } = (await answer.json()) as { error: { message: string; param: string } };
      expect(error.param).toBe(field);
      expect(error.message).toContain('"messages"');
    }
    expect(asked).toEqual([]);
    expect(await metrics('weir_streams_total')).toEqual(before);
  });

  it('leads to the next target of its route, which is asked', async () => {
    const answer = await post('responses', { model: 'picky', previous_response_id: 'resp_1' });
    expect(answer.status).toBe(200);
    expect(asked.map(({ path }) => path)).toEqual([PATHS.responses]);
    expect(asked[0]?.body.previous_response_id).toBe('resp_1');
  });

  it('is named where it is harmless, streamed and whole', async () => {
    const more = { model: 'messages/m', seed: 7, 'x-\u00e4,b': undefined };
    for (const stream of [true, false]) {
      const answer = await post('chat', { ...more, stream });
      expect([answer.status, answer.headers.get('x-weir-dropped')]).toEqual([200, 'seed']);
      await answer.text();
    }
    expect((await post('chat', { model: 'chat/m', seed: 7 })).headers.get('x-weir-dropped')).toBeNull();
  });

  it('is its most tokens where the client names none: those of the configuration', async () => {
    for (const model of ['messages/small', 'messages/other']) await post('chat', { model });
    expect(asked.map(({ body }) => body.max_tokens)).toEqual([4_000, 8_192]);
  });
});

describe('a body of two MiB', () => {
  it.each(['messages/m', 'fake/demo'])('is read for %s as a small one is', async (model) => {
    const messages = [{ role: 'user', content: 'ä'.repeat(1024 * 1024) }];
    const answer = await post('chat', { model, messages, fake: { text: 'Hi.' } });
    expect(answer.status).toBe(200);
    if (model === 'messages/m') expect(JSON.stringify(asked[0]?.body)).toContain(messages[0]?.content);
  });

  it('is refused by its depth where it can’t be written again', async () => {
    const parameters = JSON.parse(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`);
    const tools = [{ type: 'function', function: { name: 'f', parameters } }];
    const answer = await post('chat', { model: 'messages/m', tools });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('nested deeper than 100 levels');
    expect((await post('chat', { model: 'chat/m', tools })).status).toBe(200);
  });
});

describe('a route over several formats', () => {
  it('answers a client of each format, streamed and whole, whichever target is up', async () => {
    for (const client of NAMES) {
      for (const stream of [true, false]) {
        const answer = await post(client, { model: 'any', stream });
        const parts = stream
          ? readStream(FORMATS[client], await answer.text())
          : FORMATS[client].readAnswer(await answer.json());
        expect(joined(parts)).toEqual(joined(PARTS));
      }
    }
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set([PATHS.chat]));
    asked.length = 0;
    reply = (response, name, body) =>
      name === 'chat' ? refuses(401, {})(response, name, body) : answers(response, name, body);
    const answer = await post('chat', { model: 'any', stream: true });
    expect(joined(readStream(chatFormat, await answer.text()))).toEqual(joined(PARTS));
    expect(asked.map(({ path }) => path)).toEqual([PATHS.chat, `/v1${PATHS.messages}`]);
  });

  it('is refused by its last target in the client’s format', async () => {
    reply = refuses(403, { error: { message: 'No.' } });
    const answer = await post('chat', { model: 'any', stream: true });
    expect([answer.status, answer.headers.get('x-weir-refused-by')]).toEqual([403, 'messages']);
    expect(await answer.json()).toMatchObject({ error: { type: 'permission_error', message: 'No.' } });
  });

  it('keeps the answer of a translated target for streamed and whole requests', async () => {
    const whole = await post('chat', { model: 'kept', seed: 1 });
    expect(joined(chatFormat.readAnswer(await whole.json()))).toEqual(joined(PARTS));
    const again = await post('chat', { model: 'kept', seed: 1, stream: true });
    expect(joined(readStream(chatFormat, await again.text()))).toEqual(joined(PARTS));
    const other = await post('responses', { model: 'kept' });
    expect([whole, again, other].map(({ headers }) => headers.get('x-weir-cache'))).toEqual(['miss', 'hit', 'miss']);
    expect([whole, again].map(({ headers }) => headers.get('x-weir-dropped'))).toEqual(['seed', 'seed']);
    expect(asked).toHaveLength(2);
  });
});

describe('what was left out of a request of /api/v1/stream', () => {
  const ask = async (more: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/api/v1/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ messages: [{ ...said[0], name: 'ada' }], ...more }),
    });
    await answer.text();
    return answer.headers.get('x-weir-dropped');
  };

  it('is named again where the answer was kept', async () => {
    expect([await ask({ model: 'kept' }), await ask({ model: 'kept' })]).toEqual([
      'messages.0.name',
      'messages.0.name',
    ]);
    expect(asked).toHaveLength(1);
  });

  it('is named again to a repeat of a stream that is over', async () => {
    const ones = { 'Idempotency-Key': 'left-out-once' };
    const body = { model: 'm', provider: 'messages', resumable: true };
    expect(await ask(body, ones)).toBe('messages.0.name');
    expect(await ask(body, ones)).toBe('messages.0.name');
    expect(asked).toHaveLength(1);
  });
});

describe('the seal of a provider’s reasoning', () => {
  const SEALS = {
    responses: { kind: 'encrypted', data: 'sealed-1', id: 'rs_1' },
    messages: { kind: 'signature', data: 'sealed-1' },
  } as const;
  const call = { id: 'call_a1', content: 'done' };
  /** What a client sends next: what it was answered, and the result of the tool. */
  const next: Record<Name, (answer: Record<string, unknown>) => object> = {
    chat: ({ choices }) => {
      const [{ message }] = choices as [{ message: object }];
      return { messages: [...said, message, { role: 'tool', tool_call_id: call.id, content: call.content }] };
    },
    responses: ({ output }) => {
      const result = { type: 'function_call_output', call_id: call.id, output: call.content };
      return { input: [...said, ...(output as object[]), result] };
    },
    messages: ({ content }) => {
      const result = { type: 'tool_result', tool_use_id: call.id, content: call.content };
      return { messages: [...said, { role: 'assistant', content }, { role: 'user', content: [result] }] };
    },
  };
  const cells = CELLS.filter(([client, upstream]) => client !== upstream && upstream !== 'chat');

  it.each(cells)('given to a client of %s goes back to the upstream of %s, and to no other', async (client, from) => {
    const parts = PARTS.toSpliced(2, 0, { type: 'reasoning_seal', seal: SEALS[from as keyof typeof SEALS] });
    reply = refuses(200, FORMATS[from].writeAnswer(headOf(from), parts));
    const body = next[client]((await (await post(client, { model: `${from}/m` })).json()) as Asked['body']);
    reply = answers;
    for (const to of NAMES) {
      const answer = await post(client, { ...body, model: `${to}/m` });
      expect([to, answer.status]).toEqual([to, 200]);
      const request = JSON.stringify(asked.at(-1)?.body);
      expect(request).toContain('done');
      expect(request).not.toContain('weir');
      expect([to, request.includes('"sealed-1"')]).toEqual([to, to === from]);
      const lost = { chat: 'reasoning_details', responses: 'encrypted_content', messages: 'signature' }[client];
      expect(answer.headers.get('x-weir-dropped') ?? '').toBe(to === from ? '' : lost);
    }
  });
});

describe('a provider of another format that fails', () => {
  it.each([true, false])('with an error in its answer, streamed: %s, ends in the client’s error', async (stream) => {
    const error = { type: 'overloaded_error', message: 'Overloaded.' };
    reply = (response) => {
      response.writeHead(200, { 'Content-Type': stream ? 'text/event-stream' : 'application/json' });
      response.end(
        stream ? `data: ${JSON.stringify({ type: 'error', error })}\n\n` : JSON.stringify({ type: 'error', error }),
      );
    };
    const answer = await post('chat', { model: 'messages/m', stream });
    if (!stream) expect(answer.status).toBe(429);
    const text = await answer.text();
    expect(text).not.toContain('[DONE]');
    expect(JSON.parse(text.replace(/^[\s\S]*data: /, ''))).toMatchObject({ error: { code: 'upstream_rate_limited' } });
  });

  it.each([
    ['a page', 'text/html', '<h1>Sign in</h1>'],
    ['JSON of another kind', 'application/json', '[1]'],
    ['no JSON', 'application/json', '{'],
  ])('with %s instead of a whole answer is 502', async (_, type, body) => {
    reply = (response) => response.writeHead(200, { 'Content-Type': type }).end(body);
    const answer = await post('responses', { model: 'messages/m' });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { type: 'server_error' } });
  });

  it('is repeated without its key, and with a status that the client’s format has', async () => {
    reply = refuses(529, { error: { type: 'overloaded_error', message: 'Busy, sk-of-the-deployment.' } });
    const answer = await post('chat', { model: 'messages/m' });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { message: 'Busy, [key].' } });
  });
});

describe('the records of a translated answer', () => {
  const tokens = async () => {
    const counts = (await metrics('weir_tokens_total{')).map((line) => Number(line.split(' ').at(-1)));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  it.each([true, false])('have the tokens that its provider counts, streamed: %s', async (stream) => {
    const before = await tokens();
    await (await post('chat', { model: 'messages/m', stream })).text();
    expect((await tokens()) - before).toBe(18);
  });

  it('have an estimate of all that was said where it was cut', async () => {
    const before = await tokens();
    reply = (response) => {
      const writer = messagesFormat.writer(headOf('messages'));
      const call: StreamPart[] = [
        { type: 'tool_call', index: 0, id: 'call_a1', name: 'search' },
        { type: 'tool_arguments', index: 0, json: `{"q":"${'x'.repeat(393)}"` },
      ];
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(writer.begin() + call.map((part) => writer.write(part)).join(''));
    };
    await (await post('chat', { model: 'messages/m', stream: true })).text();
    // A quarter of what it said, and of the three characters that it was asked.
    expect((await tokens()) - before).toBe(101);
  });
});

describe('other questions of clients', () => {
  it('about tokens are answered by an estimate that says so, where the provider counts none', async () => {
    const count = async (model: string, more: object = {}) => {
      const answer = await fetch(`${url}/v1/messages/count_tokens`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ model, messages: said, ...more }),
      });
      return { status: answer.status, estimated: answer.headers.get('x-weir-estimated'), body: await answer.json() };
    };
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
    expect(await count('chat/m')).toEqual({ status: 200, estimated: 'input_tokens', body: { input_tokens: 5 } });
    const messages = [{ role: 'user', content: [image] }];
    expect(await count('chat/m', { messages })).toMatchObject({ body: { input_tokens: 1_604 } });
    expect(await count('chat/m', { messages: 'x' })).toMatchObject({ status: 422, body: { type: 'error' } });
    expect(asked).toEqual([]);
    reply = refuses(200, { input_tokens: 14 });
    expect(await count('any')).toEqual({ status: 200, estimated: null, body: { input_tokens: 14 } });
    expect(asked.map(({ path }) => path)).toEqual(['/v1/messages/count_tokens']);
  });

  it('about models are answered in the shape of the client’s other requests', async () => {
    const list = async (query: string, headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }) => {
      const answer = await fetch(`${url}/v1/models${query}`, { headers });
      return (await answer.json()) as { data: { id: string }[]; has_more: boolean; type: string };
    };
    const openAi = await list('', {});
    expect(openAi).toMatchObject({ object: 'list' });
    const ids = openAi.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['any', 'kept', 'picky', 'fake/demo']));
    const all = await list('');
    expect(all).toEqual({
      data: ids.map((id) => ({ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00.000Z' })),
      has_more: false,
      first_id: ids.at(0),
      last_id: ids.at(-1),
    });
    const page = async (query: string) => {
      const { data, has_more } = await list(query);
      return [data.map(({ id }) => id), has_more];
    };
    expect(await page('?limit=2')).toEqual([ids.slice(0, 2), true]);
    expect(await page(`?limit=2&after_id=${ids[1]}`)).toEqual([ids.slice(2, 4), ids.length > 4]);
    expect(await page(`?limit=1&before_id=${ids[2]}`)).toEqual([ids.slice(1, 2), true]);
    expect(await list('?limit=0')).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect(await list('/fake/demo')).toMatchObject({ type: 'model', id: 'fake/demo' });
    expect(await list('/nothing')).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });

  it('for a WebSocket are refused at once', async () => {
    const { port } = gateway.app.server.address() as AddressInfo;
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'x',
      'Sec-WebSocket-Version': '13',
    };
    const asking = request({ port, path: '/v1/responses', headers }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    expect([response.statusCode, response.headers.allow]).toEqual([426, 'POST']);
    expect(JSON.parse(await bodyText(response))).toMatchObject({ error: { code: 'upgrade_required' } });
  });
});
