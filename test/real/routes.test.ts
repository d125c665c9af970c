import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { issueAuthority, issueLeaf } from '../../src/stack/certificates/issue_certificates.ts';
import { askEndpoint, type EndpointAnswer } from '../support/endpoint_answer.ts';
import { ENDPOINT_STREAMS, endpointScript } from '../support/endpoint_frames.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, type MockRequest, startMockOpenai } from '../support/mock_openai.ts';
import { answerFrames, chunkFrame, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';

const json = { 'content-type': 'application/json' };
const refusal = (status: number, headers: Record<string, string> = {}): MockStep[] => [
  { head: status, headers: { ...json, ...headers } },
  { write: '{"error":{"message":"No."}}' },
];
const streamHead: MockStep = { head: 200, headers: SSE_HEADERS };

/** Endpoints, what they are asked, and how a good answer ends. */
const ENDPOINTS = [
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }], stream: true }, /\[DONE\]/],
  ['/v1/responses', { input: 'hi', stream: true }, /response\.completed/],
  ['/v1/messages', { messages: [], stream: true }, /message_stop/],
  ['/v1/embeddings', { input: 'hi' }, /"object":"list"/],
  ['/api/v1/stream', { query: 'hi' }, /\[DONE\]/],
] as const;

/** What the provider's own stack says of it. */
const REASONS: Record<string, RegExp> = {
  dns: /ENOTFOUND|EAI_AGAIN/,
  tls: /certificate/,
  'no-tls': /SSL|TLS|packet|wrong version/i,
  refused: /ECONNREFUSED/,
};

/** Providers that are all the same server: each fault gets one whose circuit is closed. */
const FIRSTS = 20;
let used = 0;
function freshFirst(): { name: string; route: string } {
  used += 1;
  if (used === FIRSTS) throw new Error('there are too few of them');
  return { name: `first-${used}`, route: `first-${used}-or-second` };
}

let first: MockOpenai;
let second: MockOpenai;
/** No test counts what comes here. */
let apart: MockOpenai;
let config: RouteFile;
let instance: Instance;
let late: Promise<[EndpointAnswer, EndpointAnswer]>;
let tls: ReturnType<typeof createServer>;
/** What the first provider answers with; undefined leaves it to the model's name. */
let answers: ((request: MockRequest) => readonly MockStep[] | undefined) | undefined;

beforeAll(async () => {
  first = await startMockOpenai({ script: (request) => (answers ?? endpointScript)(request), background: false });
  second = await startMockOpenai({ script: endpointScript, background: false });
  apart = await startMockOpenai();
  const { certificate, key } = await issueLeaf(await issueAuthority());
  tls = createServer({ cert: certificate, key }, (_, response) => void response.end()).listen(0, '127.0.0.1');
  await until('the server listens', () => tls.listening);
  const { port } = tls.address() as AddressInfo;
  const speaks = ['chat', 'responses', 'embeddings', 'messages'];
  const provider = (base_url: string) => ({ base_url, capabilities: { speaks } });
  const unreachable = {
    dns: 'https://nowhere.invalid/v1',
    tls: `https://127.0.0.1:${port}/v1`,
    'no-tls': first.url.replace('http:', 'https:'),
    refused: 'http://127.0.0.1:1/v1',
  };
  // One for each endpoint: a circuit that has opened is another story.
  const broken = Object.fromEntries(
    Object.entries(unreachable).flatMap(([name, url]) =>
      ENDPOINTS.map(([endpoint]) => [`${name}${endpoint.replaceAll('/', '-')}`, provider(url)]),
    ),
  );
  const firsts = Object.fromEntries(Array.from({ length: FIRSTS }, (_, at) => [`first-${at}`, provider(first.url)]));
  config = routeFile({
    providers: {
      ...firsts,
      ...broken,
      second: provider(second.url),
      silent: provider(apart.url),
      spare: provider(apart.url),
    },
    routes: {
      quick: { ...along('first-0/mock', 'second/mock-3x0'), first_token_seconds: 0.3 },
      late: { ...along('silent/mock-hang-before-head', 'spare/mock-3x0'), first_token_seconds: 11 },
      ...Object.fromEntries(
        Object.keys(firsts).map((name) => [`${name}-or-second`, along(`${name}/mock`, 'second/mock-3x0')]),
      ),
      ...Object.fromEntries(
        Object.keys(broken).map((name) => [`${name}-or-second`, along(`${name}/mock`, 'second/mock')]),
      ),
    },
  });
  instance = await startInstance({ WEIR_CONFIG: config.file, MAX_CONNECTIONS_PER_USER: '100' });
  // They take eleven seconds, beside the others.
  late = Promise.all([chat('late'), stream('late')]);
});
afterAll(async () => {
  expect(instance.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await instance.stop();
  tls.close();
  config[Symbol.dispose]();
  await Promise.all([first.close(), second.close(), apart.close()]);
});
afterEach(() => {
  answers = undefined;
});

const chat = (model: string, more: object = {}) =>
  askEndpoint(instance.url, '/v1/chat/completions', {
    model,
    stream: true,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
const stream = (model: string, more: object = {}) =>
  askEndpoint(instance.url, '/api/v1/stream', { model, query: 'hi', ...more });
const callsTo = ({ requests }: MockOpenai, since: number) => requests.length - since;
const metric = async (name: string) => {
  const text = await (await fetch(`${instance.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text.replaceAll(/[{}]/g, '|'))?.[1] ?? 0);
};

describe('before anything was said', () => {
  it.each([408, 429, 500, 503])('a %i is tried again at the same provider', async (status) => {
    const { route } = freshFirst();
    const [before, other] = [first.requests.length, second.requests.length];
    answers = () => (callsTo(first, before) === 1 ? refusal(status) : undefined);
    expect((await chat(route)).text).toContain('[DONE]');
    answers = () => (callsTo(first, before) === 3 ? refusal(status) : undefined);
    expect((await stream(route)).text).toContain('[DONE]');
    expect([callsTo(first, before), callsTo(second, other)]).toEqual([4, 0]);
  });

  it('Retry-After is waited for where no other target answers, and its provider is left alone for that time', async () => {
    const { name } = freshFirst();
    for (const ask of [() => chat(`${name}/mock`), () => stream('mock', { provider: name })]) {
      const before = first.requests.length;
      answers = () => (callsTo(first, before) === 1 ? refusal(429, { 'retry-after': '1' }) : undefined);
      expect((await ask()).text).toContain('[DONE]');
      const [refused, good] = first.requests.slice(before) as [MockRequest, MockRequest];
      expect(good.startedAt - refused.startedAt).toBeGreaterThanOrEqual(1_000);
      expect(callsTo(first, before)).toBe(2);
    }
  });

  it('a Retry-After that is too long goes to the client; on a route, the next one answers at once', async () => {
    const { name, route } = freshFirst();
    answers = () => refusal(429, { 'retry-after': '7' });
    const before = first.requests.length;
    const alone = await chat(`${name}/mock`);
    expect([alone.status, alone.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await chat(route)).text).toContain('[DONE]');
    expect(callsTo(first, before)).toBe(2);
  });

  it.each([400, 404, 422])('a %i is the client’s own, and goes to no other target', async (status) => {
    const { route } = freshFirst();
    const [before, other] = [first.requests.length, second.requests.length];
    answers = () => refusal(status);
    const answer = await chat(route);
    expect([answer.status, answer.text]).toEqual([status, '{"error":{"message":"No."}}']);
    expect((await stream(route)).status).toBe(502);
    expect([callsTo(first, before), callsTo(second, other)]).toEqual([2, 0]);
  });

  it.each([
    ['refuses our key', refusal(401)],
    ['says nothing but an error', [streamHead, { write: 'data: {"error":{"message":"Overloaded."}}\n\n' }]],
    ['ends without a word', [streamHead]],
    ['answers with a page', [{ head: 200, headers: { 'content-type': 'text/html' } }, { write: '<h1>Hi</h1>' }]],
    ['answers with a redirect', [{ head: 307, headers: { location: 'http://127.0.0.1:1/' } }]],
    ['hangs up', [{ reset: true }]],
  ] as [string, MockStep[]][])('one that %s is followed by the next', async (_, steps) => {
    const { route } = freshFirst();
    const before = first.requests.length;
    answers = () => steps;
    for (const answer of [await chat(route), await stream(route)]) {
      expect(answer.text).toContain('[DONE]');
      expect(answer.text.match(/"word /g)).toHaveLength(3);
      expect(answer.text).not.toMatch(/Overloaded|event: error/);
    }
    expect(callsTo(first, before)).toBeGreaterThanOrEqual(2);
  });

  it('a whole answer that breaks off is given by the next', async () => {
    answers = () => [{ head: 200, headers: { ...json, 'content-length': '500' } }, { write: '{"a":' }, { reset: true }];
    const { route } = freshFirst();
    const answer = await chat(route, { stream: false });
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('word word word ');
  });

  it.each([
    ['/v1/chat/completions', chunkFrame({ role: 'assistant', content: '', reasoning_content: 'Hm.' }), 'chat'],
    ['/api/v1/stream', chunkFrame({ role: 'assistant', content: null, reasoning: 'Hm.' }), 'chat'],
    [
      '/v1/responses',
      'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1"}}\n\n',
      'responses',
    ],
    [
      '/v1/messages',
      'data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}\n\n',
      'messages',
    ],
  ] as const)('a target that thinks aloud on %s has begun: no other one is asked', async (path, thought, name) => {
    const [before, other] = [first.requests.length, second.requests.length];
    const rest = name === 'chat' ? answerFrames(['Well.'], false) : ENDPOINT_STREAMS[name];
    answers = () => [streamHead, { write: thought }, { pause: 900 }, { write: rest }];
    const [, body, end] = ENDPOINTS.find(([known]) => known === path) ?? [];
    const answer = await askEndpoint(instance.url, path, { ...body, model: 'quick' });
    expect(answer.text).toMatch(end as RegExp);
    if (path !== '/api/v1/stream') expect(answer.text.startsWith(thought)).toBe(true);
    expect([callsTo(first, before), callsTo(second, other)]).toEqual([1, 0]);
  });

  it('a whole answer may take longer than a first token', async () => {
    const whole = '{"object":"chat.completion","choices":[]}';
    answers = () => [{ pause: 900 }, { head: 200, headers: json }, { write: whole }];
    expect((await chat('quick', { stream: false })).text).toBe(whole);
  });
});

describe('what is longer than its bound', () => {
  const mebibyte: MockStep = { write: 'x'.repeat(1024 * 1024) };

  it.each([
    ['a refusal', { head: 400, headers: json }, 3, 'upstream_error'],
    ['a whole answer', { head: 200, headers: json }, 34, 'limit_exceeded'],
  ] as [string, MockStep, number, string][])('%s is 502, once, and its call is ended', async (_, head, size, code) => {
    const { name } = freshFirst();
    const before = first.requests.length;
    answers = () => [head, ...Array<MockStep>(size).fill(mebibyte), { hang: true }];
    const answer = await chat(`${name}/mock`, { stream: false });
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([502, code]);
    expect(callsTo(first, before)).toBe(1);
    await until('the call is ended', () => first.open === 0);
  });
});

// They wait for their second tries together.
describe.concurrent.each(['dns', 'tls', 'no-tls', 'refused'])('a provider that can not be reached (%s)', (name) => {
  it.each(ENDPOINTS)('is 502 on %s, with the reason, and on a route the next one answers', async (path, body, end) => {
    const provider = `${name}${path.replaceAll('/', '-')}`;
    const isOwn = path === '/api/v1/stream';
    const alone = await askEndpoint(instance.url, path, {
      ...body,
      ...(isOwn ? { provider, model: 'mock' } : { model: `${provider}/mock` }),
    });
    expect(alone.status).toBe(502);
    expect(alone.text).toContain('The provider failed');
    if (isOwn) expect(JSON.parse(alone.text).details.reason).toMatch(REASONS[name] as RegExp);
    const routed = await askEndpoint(instance.url, path, { ...body, model: `${provider}-or-second` });
    expect(routed.status).toBe(200);
    expect(routed.text).toMatch(end);
  });
});

describe('the circuit of a provider', () => {
  const breakers = async (name: string) => {
    const { instances } = (await (await fetch(`${instance.url}/api/v1/cluster`)).json()) as {
      instances: { breakers: Record<string, string> }[];
    };
    return instances[0]?.breakers[name];
  };

  it('opens when it fails, is probed by one request alone, and closes when that goes well', async () => {
    const { name, route } = freshFirst();
    expect(await breakers(name)).toBe('closed');
    answers = () => refusal(500);
    while ((await breakers(name)) === 'closed') expect((await chat(`${name}/mock`)).status).toBe(500);
    expect(await breakers(name)).toBe('open');
    expect(await metric(`weir_breaker_state\\|provider="${name}"\\|`)).toBe(2);

    const calls = first.requests.length;
    const refused = await chat(`${name}/mock`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^[1-5]$/)]);
    expect(JSON.parse(refused.text).error.message).toContain(`The provider ${name} fails at the moment`);
    expect((await chat(route)).text).toContain('[DONE]');
    expect(callsTo(first, calls)).toBe(0);
    expect(await metric(`weir_failovers_total\\|provider="${name}",reason="breaker"\\|`)).toBe(1);

    // The probe takes its time; meanwhile no other request goes there.
    const seen = Promise.withResolvers<void>();
    answers = () => [{ until: seen.promise }, streamHead, { write: ENDPOINT_STREAMS.responses }];
    const respond = (model: string) => askEndpoint(instance.url, '/v1/responses', { model, input: 'hi', stream: true });
    const probe = await until('the time is over', async () => {
      const asked = respond(`${name}/mock`);
      let isRefused = false;
      void asked.then(() => {
        isRefused = true;
      });
      await until('it is passed on or refused', () => isRefused || callsTo(first, calls) === 1);
      return isRefused ? undefined : { asked };
    });
    expect(await breakers(name)).toBe('half_open');
    const others = await Promise.all(Array.from({ length: 5 }, () => respond(`${name}/mock`)));
    expect(others.map(({ status }) => status)).toEqual(Array(5).fill(503));
    seen.resolve();
    expect((await probe.asked).text).toBe(ENDPOINT_STREAMS.responses);
    expect(callsTo(first, calls)).toBe(1);
    expect(await breakers(name)).toBe('closed');
    expect((await respond(`${name}/mock`)).status).toBe(200);
  });
});

it('a target answers also after our own head has left: in ten seconds of silence, or two', async () => {
  const [passed, own] = await late;
  expect(passed.text).toMatch(/^: hb\n\n|word /);
  expect(passed.text).toContain('[DONE]');
  expect(passed.text.match(/"word /g)).toHaveLength(3);
  // Its status named the first one, so a notice names the other.
  expect(own.text).toMatch(
    /"provider":"silent"[\s\S]*event: notice\ndata: \{"kind":"failed_over","message":"silent failed/,
  );
  expect(own.text).toContain('[DONE]');
  await until('the silent calls are cancelled', () => apart.open === 0);
});
