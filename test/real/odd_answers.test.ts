import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEndpoint, type EndpointAnswer } from '../support/endpoint_answer.ts';
import { ENDPOINT_STREAMS, ENDPOINT_WHOLES } from '../support/endpoint_frames.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { answerFrames, chunkFrame, DONE_FRAME, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';

/** Each with a provider of its own, whose circuit opens for no other test. */
const PATHS = ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/embeddings', '/api/v1/stream'];

let provider: MockOpenai;
let config: RouteFile;
let instance: Instance;
/** What the provider says to the model of this name. */
const scripts = new Map<string, readonly MockStep[]>();
/** Streams that must be whole, whatever happens beside them. */
let honest: Promise<string>[];

beforeAll(async () => {
  provider = await startMockOpenai({ script: ({ body }) => scripts.get(String(body.model)), background: false });
  const speaks = ['chat', 'responses', 'embeddings', 'messages'];
  const odd = { base_url: provider.url, capabilities: { speaks } };
  config = routeFile({
    providers: {
      odd,
      second: odd,
      runs: { base_url: provider.url, capabilities: { speaks, continuation: 'responses' } },
      honest: odd,
      ...Object.fromEntries(PATHS.map((path) => [`status${path.replaceAll('/', '-')}`, odd])),
    },
    routes: {
      kept: { ...along('odd/kept'), cache: { ttl_seconds: 600 } },
      routed: along('odd/routed', 'second/routed'),
    },
  });
  instance = await startInstance({
    WEIR_CONFIG: config.file,
    DEFAULT_PROVIDER: 'odd',
    MAX_CONNECTIONS_PER_USER: '1000',
    DRAIN_SECONDS: '30',
  });
  honest = [true, false].map((resumable) => stream('mock-240x20', { provider: 'honest', resumable }));
});
afterAll(async () => {
  // Not before the first of them would have been cut by an instance that drains.
  for (const text of await Promise.all(honest)) expect(terminalOf(text)).toMatchObject({ chunk_count: 240 });
  await until('all slots are free', async () => (await slots()) === 0);
  expect(instance.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(instance.process.exitCode).toBeNull();
  await instance.stop();
  await provider.close();
  config[Symbol.dispose]();
}, 60_000);

async function slots(): Promise<number> {
  const health = await (await fetch(`${instance.url}/api/v1/health`)).json();
  return (health as { pool: { total_connections: number } }).pool.total_connections;
}

let asked = 0;
/** Each question is another one, so that no answer is a kept one. */
const question = () => `question ${++asked}`;

async function ask(model: string, body: Record<string, unknown> = {}): Promise<EndpointAnswer> {
  return askEndpoint(instance.url, '/api/v1/stream', { query: question(), model, ...body });
}

const stream = async (model: string, body: Record<string, unknown> = {}) => (await ask(model, body)).text;

/** Every way in which `/api/v1/stream` asks a provider that speaks chat completions. */
const WAYS: Record<string, { model: string; body: Record<string, unknown> }> = {
  plain: { model: 'plain', body: { provider: 'odd' } },
  resumable: { model: 'resumable', body: { provider: 'odd', resumable: true } },
  cached: { model: 'kept', body: {} },
  routed: { model: 'routed', body: {} },
};

/** The data of all events of a name. */
const dataOf = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`^event: ${name}\ndata: (.*)$`, 'gm'))].map(([, json]) => JSON.parse(json as string));

/** The one terminal event. */
function terminalOf(text: string): Record<string, unknown> {
  const ends = [...dataOf(text, 'complete'), ...dataOf(text, 'error')];
  expect(ends).toHaveLength(1);
  return ends[0];
}

const contentOf = (text: string) =>
  dataOf(text, 'chunk')
    .map(({ content }) => content)
    .join('');

const head: MockStep = { head: 200, headers: SSE_HEADERS };
const event = (data: string) => `data: ${data}\n\n`;
const one = chunkFrame({ content: 'One ' });
const rest = chunkFrame({ content: 'two.' }) + chunkFrame({}, 'stop') + DONE_FRAME;
const withDelta = (delta: unknown) => JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] });

/** No chunk of a chat completion, at whichever endpoint. */
const NO_CHUNKS: [string, string][] = [
  ['null', 'null'],
  ['a number', '5'],
  ['a text', '"text"'],
  ['an array', '[]'],
  ['an array of chunks', `[${withDelta({ content: 'x' })}]`],
  ['half a chunk', '{"choices":'],
  ['choices: null', '{"choices":null}'],
  ['choices that are a text', '{"choices":"no"}'],
  ['choices: [null]', '{"choices":[null]}'],
  ['choices: [[]]', '{"choices":[[]]}'],
  ['delta: null', withDelta(null)],
  ['a delta that is a text', withDelta('x')],
  ['an index that is none', '{"choices":[{"index":{},"delta":{},"finish_reason":"stop"}]}'],
  ['a reason that is no text', '{"choices":[{"index":0,"delta":{},"finish_reason":{}}]}'],
];

/** Chunks, but not of text. */
const NO_TEXT: [string, string][] = [
  ['content that is a number', withDelta({ content: 5 })],
  ['content that is an object', withDelta({ content: { text: 'x' } })],
  ['content: true', withDelta({ content: true })],
  ['a part that is null', withDelta({ content: [null] })],
  ['a part that is a list', withDelta({ content: [[]] })],
  ['a text part without text', withDelta({ content: [{ type: 'text', text: 5 }] })],
];

describe.each([...NO_CHUNKS, ...NO_TEXT])('an event that is %s', (_, data) => {
  it('is one error at /api/v1/stream, after what was said: plain, resumable, cached, routed', async () => {
    for (const { model } of Object.values(WAYS)) scripts.set(model, [head, { write: one + event(data) + rest }]);
    await Promise.all(
      Object.entries(WAYS).map(async ([way, { model, body }]) => {
        const text = await stream(model, body);
        expect([way, contentOf(text)]).toEqual([way, 'One ']);
        expect(terminalOf(text)).toMatchObject({ error: 'upstream_protocol', delivered: 4 });
      }),
    );
  });
});

describe.each(NO_CHUNKS)('an event that is %s', (_, data) => {
  it('is one error at /v1/chat/completions, after what was said: plain, cached, routed', async () => {
    for (const model of ['plain', 'kept', 'routed']) scripts.set(model, [head, { write: one + event(data) + rest }]);
    await Promise.all(
      ['odd/plain', 'kept', 'routed'].map(async (model) => {
        const messages = [{ role: 'user', content: question() }];
        const { text } = await askEndpoint(instance.url, '/v1/chat/completions', { model, messages, stream: true });
        const [first, last, ...more] = text.trimEnd().split('\n\n');
        expect([model, `${first}\n\n`, more]).toEqual([model, one, []]);
        expect(JSON.parse(last?.replace(/^data: /, '') ?? '')).toMatchObject({ error: { code: 'upstream_protocol' } });
      }),
    );
  });
});

describe.each<[string, string, keyof typeof ENDPOINT_STREAMS]>([
  ['/v1/responses', 'response.output_text.delta', 'responses'],
  ['/v1/messages', 'content_block_delta', 'messages'],
])('at %s', (path, type, name) => {
  it.each([
    ['null', 'null'],
    ['a number', '5'],
    ['an array', '[]'],
    ['half an event', `{"type":"${type}`],
    ['a type that is no text', '{"type":5}'],
    ['an end that is no end', '{"type":"response.completed","response":[]}', '/v1/responses'],
    ['a message that is none', '{"type":"message_start","message":5}', '/v1/messages'],
    ['an end without its delta', '{"type":"message_delta","delta":null}', '/v1/messages'],
  ])('an event that is %s is one error, after what was said', async (_, data, only = path) => {
    if (only !== path) return;
    const frames = ENDPOINT_STREAMS[name];
    const said = frames.slice(0, frames.indexOf('event: ', frames.lastIndexOf(`event: ${type}`) + 1));
    scripts.set('plain', [head, { write: said + event(data) + frames.slice(said.length) }]);
    const { text } = await askEndpoint(instance.url, path, { model: 'odd/plain', input: 'hi', stream: true });
    expect(text.startsWith(said)).toBe(true);
    const ours = text.slice(said.length);
    expect(ours.match(/^event: /gm)).toEqual(['event: ']);
    expect(ours).toMatch(/^event: error\n/);
    expect(ours).toContain('does not follow its protocol');
  });
});

it('content in parts is the text of its text parts', async () => {
  const parts = [
    { type: 'text', text: 'two ' },
    { type: 'image_url', image_url: 'x' },
    { type: 'text', text: 'three' },
  ];
  const thinking = { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] };
  const frames = chunkFrame(thinking) + one + chunkFrame({ content: parts }) + chunkFrame({ content: [] });
  for (const { model } of Object.values(WAYS)) {
    scripts.set(model, [head, { write: frames + chunkFrame({}, 'stop') + DONE_FRAME }]);
  }
  for (const { model, body } of Object.values(WAYS)) {
    const text = await stream(model, body);
    expect(contentOf(text)).toBe('One two three');
    expect(terminalOf(text)).toMatchObject({ total_length: 13, finish_reason: 'stop' });
  }
});

it('what is nested before the choices is no text', async () => {
  const nested = { debug: { delta: { content: 'no' } }, choices: [{ index: 0, delta: { content: 'yes' } }] };
  const again = { x: { choices: [{ index: 0, delta: { content: 'no' }, finish_reason: null }] }, choices: [] };
  const frames =
    event(JSON.stringify(nested).replace('}}]', '},"finish_reason":null}]')) + event(JSON.stringify(again));
  scripts.set('plain', [head, { write: frames + chunkFrame({}, 'stop') + DONE_FRAME }]);
  expect(contentOf(await stream('plain', { provider: 'odd' }))).toBe('yes');
});

/** Counts that are none. */
const NO_USAGE = ['{"prompt_tokens":"3"}', '{"prompt_tokens":-3,"completion_tokens":2}', '{"prompt_tokens":1e400}'];
const MORE_NO_USAGE = ['{"completion_tokens":1.5}', '{"prompt_tokens":[]}', '5', '[]', '"x"', '{}', 'null'];

describe.each([...NO_USAGE, ...MORE_NO_USAGE])('usage that is %s counts as not reported', (usage) => {
  const frame = event(`{"choices":[],"usage":${usage}}`);
  const frames = one + chunkFrame({}, 'stop') + frame + DONE_FRAME;

  it('at /api/v1/stream: plain, resumable, cached, routed', async () => {
    for (const { model } of Object.values(WAYS)) scripts.set(model, [head, { write: frames }]);
    await Promise.all(
      Object.values(WAYS).map(async ({ model, body }) => {
        const terminal = terminalOf(await stream(model, body));
        expect(terminal).toMatchObject({ finish_reason: 'stop', usage: { output_tokens: 1, estimated: true } });
      }),
    );
  });

  it.each([
    ['/v1/chat/completions', { choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }] }],
    ['/v1/responses', ENDPOINT_WHOLES.responses],
    ['/v1/messages', ENDPOINT_WHOLES.messages],
    ['/v1/embeddings', ENDPOINT_WHOLES.embeddings],
  ])('of a whole answer at %s, which is passed on as it is', async (path, answer) => {
    const inItsWords = usage.replace(/(prompt|completion)_tokens/g, (name) =>
      path.endsWith('responses') || path.endsWith('messages')
        ? name.replace('prompt', 'input').replace('completion', 'output')
        : name,
    );
    const body = JSON.stringify({ ...answer, usage: '?' }).replace('"?"', inItsWords);
    for (const model of ['plain', 'kept', 'routed']) {
      scripts.set(model, [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: body }]);
      const request = { model: model === 'plain' ? 'odd/plain' : model, input: question(), messages: [] };
      const whole = await askEndpoint(instance.url, path, request);
      expect([whole.status, whole.text]).toEqual([200, body]);
    }
  });
});

it('usage that makes no sense reaches a client of the provider’s own protocol as it came, and its stream is whole', async () => {
  const frames = one + chunkFrame({}, 'stop') + event('{"choices":[],"usage":{"prompt_tokens":-3}}') + DONE_FRAME;
  scripts.set('plain', [head, { write: frames }]);
  const { text } = await askEndpoint(instance.url, '/v1/chat/completions', { model: 'odd/plain', stream: true });
  expect(text).toBe(frames);
});

describe('a whole answer', () => {
  const wholes = ['null', '5', '[]', '{"choices":[null]}', '{"choices":null}', '{"choices":[5]}', '{"usage":[', '"x"'];
  it.each(wholes)('that is %s is passed on as it is, and not kept', async (body) => {
    scripts.set('kept', [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: body }]);
    const messages = [{ role: 'user', content: question() }];
    for (let times = 0; times < 2; times += 1) {
      const whole = await askEndpoint(instance.url, '/v1/chat/completions', { model: 'kept', messages });
      expect([whole.status, whole.text, whole.headers.get('x-weir-cache')]).toEqual([200, body, 'miss']);
    }
  });

  it('that is an error is not kept, whatever status it names', async () => {
    const body = '{"error":{"message":"no"},"status":"completed","choices":[{"finish_reason":"stop"}]}';
    scripts.set('kept', [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: body }]);
    for (const path of ['/v1/responses', '/v1/chat/completions']) {
      const request = { model: 'kept', input: 'the same', messages: [] };
      for (let times = 0; times < 2; times += 1) {
        expect((await askEndpoint(instance.url, path, request)).headers.get('x-weir-cache')).toBe('miss');
      }
    }
  });
});

it('two requests that differ in a number too large for JavaScript are two', async () => {
  scripts.set('kept', [head, { write: answerFrames(['One.'], false) }]);
  const kinds = [];
  for (const seed of ['1e400', '1e401', 'null', '{"integer":"1e400"}']) {
    const body = `{"model":"kept","stream":true,"messages":[],"seed":${seed}}`;
    kinds.push((await askEndpoint(instance.url, '/v1/chat/completions', body)).headers.get('x-weir-cache'));
  }
  expect(kinds).toEqual(['miss', 'miss', 'miss', 'miss']);
});

describe('a run in the background', () => {
  const typed = (type: string, more: Record<string, unknown>) => event(JSON.stringify({ type, ...more }));
  const created = typed('response.created', { response: { id: 'resp_1' } });
  const delta = (text: unknown) => typed('response.output_text.delta', { delta: text });
  const completed = typed('response.completed', {
    response: { id: 'resp_1', usage: { input_tokens: 1, output_tokens: 2 } },
  });
  const run = (frames: string) => {
    scripts.set('background', [head, { write: frames }]);
    return stream('background', { provider: 'runs', resumable: true });
  };

  it.each([
    ['a delta that is a number', delta(5)],
    ['a delta that is a list', delta(['x'])],
    ['a delta that is null', delta(null)],
    ['null', event('null')],
    ['a number', event('5')],
    ['an array', event('[]')],
    ['an end that is no end', typed('response.completed', { response: 5 })],
    ['an early end for no reason', typed('response.incomplete', { response: { incomplete_details: { reason: {} } } })],
  ])('with %s is one error, after what was said', async (_, odd) => {
    const text = await run(created + delta('A') + odd + delta('BC') + completed);
    expect(contentOf(text)).toBe('A');
    expect(terminalOf(text)).toMatchObject({ error: 'upstream_protocol', delivered: 1 });
  });

  it.each([5, '\ud800', '', 'x'.repeat(10_000), '../x'])('that names itself %j is an error', async (id) => {
    const text = await run(typed('response.created', { response: { id } }) + delta('A') + completed);
    const answer = text.startsWith('{') ? JSON.parse(text) : terminalOf(text);
    expect(answer).toMatchObject({ error: 'upstream_protocol' });
  });

  it.each([completed, delta('A') + completed])('that never names itself is an error (%#)', async (frames) => {
    expect(JSON.parse(await run(frames))).toMatchObject({ error: 'upstream_protocol' });
  });

  it('whose usage makes no sense is whole', async () => {
    const odd = typed('response.completed', {
      response: { id: 'resp_1', usage: { input_tokens: '1', output_tokens: 2 } },
    });
    const terminal = terminalOf(await run(created + delta('A') + odd));
    expect(terminal).toMatchObject({ finish_reason: 'stop', usage: { estimated: true } });
  });
});

describe('a head', () => {
  it.each([102, 103])('announced by %i is waited for, at every endpoint', async (status) => {
    scripts.set('plain', [
      { raw: `HTTP/1.1 ${status} Early\r\nLink: </x>\r\n\r\n` },
      head,
      { write: answerFrames(['One.'], false) },
    ]);
    expect(contentOf(await stream('plain', { provider: 'odd' }))).toBe('One.');
    const { text } = await askEndpoint(instance.url, '/v1/chat/completions', { model: 'odd/plain', stream: true });
    expect(text).toBe(answerFrames(['One.'], false));
  });

  it.each(PATHS.map((path, at) => [path, at === 0 ? 600 : 999] as const))(
    'at %s with status %i is 502, streamed or whole',
    async (path, status) => {
      const name = `status${path.replaceAll('/', '-')}`;
      scripts.set(name, [{ head: status, headers: { 'content-type': 'application/json' } }, { write: '{}' }]);
      for (const stream of [true, false]) {
        const asked = path.startsWith('/api')
          ? { provider: name, model: name, query: 'hi' }
          : { model: `${name}/${name}` };
        const answer = await askEndpoint(instance.url, path, { ...asked, ...(stream && { stream }) });
        expect(answer.status).toBe(502);
      }
    },
  );

  it('whose headers are no ASCII is passed on', async () => {
    const headers = {
      'x-ratelimit-note': '\u00e9\u00a0',
      'x-request-id': '\u00c3',
      'content-type': 'application/json',
    };
    scripts.set('plain', [{ raw: `${rawHead({ ...headers, 'content-length': '2' })}{}` }, { hang: true }]);
    const { status, text } = await askEndpoint(instance.url, '/v1/chat/completions', { model: 'odd/plain' });
    expect([status, text]).toEqual([200, '{}']);
  });
});

function rawHead(headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 200 OK\r\n${lines.join('')}Connection: close\r\n\r\n`;
}

describe('a request whose messages are nested 4,400 deep', () => {
  const deep = `${'['.repeat(4400)}${']'.repeat(4400)}`;
  const messages = `[{"role":"user","content":"hi","extra":${deep}}]`;

  it.each([
    ['/api/v1/stream', `{"model":"demo","provider":"fake","messages":${messages}}`],
    ['/api/v1/stream', `{"model":"plain","provider":"odd","resumable":true,"messages":${messages}}`],
  ])('is refused at %s', async (path, body) => {
    const answer = await askEndpoint(instance.url, path, body);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('nested');
  });

  it.each(['/v1/chat/completions', '/v1/responses', '/v1/messages'])('is read or refused at %s', async (path) => {
    const nested = `[{"role":"user","content":${deep}}]`;
    for (const list of [messages, nested, deep]) {
      const body = `{"model":"fake/demo","max_tokens":9,"messages":${list},"input":${list},"fake":{"tokens":1}}`;
      expect((await askEndpoint(instance.url, path, body)).status).toBeOneOf([200, 400, 422]);
    }
  });

  it('is passed on, and not compared with others, where bodies are passed on', async () => {
    scripts.set('kept', [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: '{}' }]);
    const answer = await askEndpoint(instance.url, '/v1/chat/completions', `{"model":"kept","messages":${messages}}`);
    expect([answer.status, answer.headers.get('x-weir-cache')]).toEqual([200, null]);
  });
});
