import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import Anthropic, * as anthropic from '@anthropic-ai/sdk';
import OpenAI, { type APIError, AuthenticationError, RateLimitError } from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENDPOINT_STREAMS, endpointScript } from '../support/endpoint_frames.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let stack: StackFixture;
let key: string;
const messages = [{ role: 'user' as const, content: 'hi' }];
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const client = (apiKey: string) =>
  new OpenAI({ baseURL: `${stack.url}/v1`, apiKey, maxRetries: 0, fetch: trustingFetch(stack.ca) });

async function weir(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await stack.weir(args);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout.trim();
}

/** Until every instance, whichever NGINX chooses, answers a request of this key so. */
async function known(apiKey: string, status: number): Promise<void> {
  const headers = { authorization: `Bearer ${apiKey}` };
  await until(`the key gets ${status}`, async () => {
    const ask = () => requestHttp1(stack.url, { path: '/v1/models', headers });
    const answers = await Promise.all(Array.from({ length: 9 }, ask));
    return answers.every((answer) => answer.status === status);
  });
}

beforeAll(async () => {
  provider = await startMockOpenai({ script: endpointScript, background: false });
  stack = await newStack({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-of-the-deployment',
    ANTHROPIC_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'sk-ant-of-the-deployment',
  });
  await stack.start(['--auth', 'keys', '--instances', '2']);
  key = await weir('keys', 'create', 'alice', '--streams', '2', '--rpm', '60', '--expires', '30d');
  await known(key, 200);
});
afterAll(async () => {
  await stack.destroy();
  await provider.close();
});

it('a key with two streams at once and 60 requests a minute is held to that, over two instances', async () => {
  const alice = client(key);
  const ends = new AbortController();
  const open = () =>
    alice.chat.completions
      .create({ model: 'openai/mock-100000x20', messages, stream: true }, { signal: ends.signal })
      .then(
        () => 200,
        (error: APIError) => error,
      );
  const answers = await Promise.all(Array.from({ length: 12 }, open));
  expect(answers.filter((answer) => answer === 200)).toHaveLength(2);
  for (const refused of answers.filter((answer) => answer !== 200)) {
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ code: 'too_many_connections' });
  }
  // The provider's own count is the judge.
  expect(provider.peak('hi')).toBe(2);
  ends.abort();
  await until('the provider is rid of both', () => provider.open === 0);

  const outcomes = [];
  for (let at = 0; at < 50; at += 1) {
    const short = alice.chat.completions.create({ model: 'openai/mock-1x0', messages });
    outcomes.push(
      await short.then(
        () => 'ok',
        (error: APIError) => error,
      ),
    );
  }
  // Twelve were asked before.
  expect(outcomes.slice(0, 48)).toEqual(Array(48).fill('ok'));
  for (const refused of outcomes.slice(48)) {
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number((refused as APIError).headers?.get('retry-after'))).toBeGreaterThan(0);
  }
  const seen = new Set(provider.requests.map(({ headers }) => headers.authorization));
  expect([...seen]).toEqual(['Bearer sk-of-the-deployment']);
});

it('Anthropic’s own client shows such a key as its own, and hears of its limits as it is used to', async () => {
  const carol = await weir('keys', 'create', 'carol', '--rpm', '3', '--models', 'anthropic/mock', '--expires', '30d');
  await known(carol, 200);
  const clientOf = (apiKey: string) =>
    new Anthropic({ baseURL: stack.url, apiKey, maxRetries: 0, fetch: trustingFetch(stack.ca) });
  const ask = (apiKey: string, model = 'anthropic/mock') =>
    clientOf(apiKey).messages.create({ model, max_tokens: 9, messages, stream: true });
  const failure = (call: Promise<unknown>) => call.catch((thrown: anthropic.APIError) => thrown);

  const { data, response } = await ask(carol).withResponse();
  expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('2');
  await data.controller.abort();
  expect(await (await ask(carol).asResponse()).text()).toBe(ENDPOINT_STREAMS.messages);
  expect(provider.requests.at(-1)?.headers['x-api-key']).toBe('sk-ant-of-the-deployment');

  const wrong = await failure(ask(`${carol.slice(0, -1)}${carol.endsWith('0') ? '1' : '0'}`));
  expect(wrong).toBeInstanceOf(anthropic.AuthenticationError);
  expect(wrong).toMatchObject({ status: 401, type: 'authentication_error' });
  const other = await failure(ask(carol, 'anthropic/other'));
  expect(other).toBeInstanceOf(anthropic.PermissionDeniedError);

  // The last one of its minute; counting is a request as well.
  const count = () => clientOf(carol).messages.countTokens({ model: 'anthropic/mock', messages });
  expect(await count()).toEqual({ input_tokens: 14 });
  for (const call of [count, () => ask(carol)]) {
    const refused = (await failure(call())) as anthropic.APIError;
    expect(refused).toBeInstanceOf(anthropic.RateLimitError);
    expect(refused).toMatchObject({ status: 429, type: 'rate_limit_error' });
    expect(refused.headers?.get('anthropic-ratelimit-requests-remaining')).toBe('0');
    expect(Number(refused.headers?.get('retry-after'))).toBeGreaterThan(0);
  }
});

it('the command line lists keys without their secrets, and revokes without a restart', async () => {
  const bob = await weir('keys', 'create', 'bob', '--models', 'fake/*');
  await known(bob, 200);
  const { keys } = json(await weir('keys', 'list', '--json')) as { keys: Record<string, unknown>[] };
  expect(keys.map(({ name, state }) => [name, state])).toEqual([
    ['operator', 'valid'],
    ['alice', 'valid'],
    ['carol', 'valid'],
    ['bob', 'valid'],
  ]);
  expect(keys[1]).toMatchObject({ streams: 2, requests_per_minute: 60, models: ['*'] });
  expect(keys[1]).not.toHaveProperty('sha256');
  const again = await stack.weir(['keys', 'create', 'bob']);
  expect(again).toMatchObject({ code: 2, stdout: '' });
  expect(again.stderr).toContain('a valid key named bob exists already');

  await weir('keys', 'revoke', 'bob');
  await known(bob, 401);
  await expect(client(bob).models.list()).rejects.toThrow(AuthenticationError);
  expect(await weir('keys', 'list')).toMatch(/bob +revoked/);
  expect(statSync(path.join(stack.state, 'api_keys.json')).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(stack.state, 'operator.key')).mode & 0o777).toBe(0o600);
});

it('load test, doctor and the ten-request experiment have a key of their own', async () => {
  const fake = '{"tokens":4,"tokens_per_second":50,"ttft_ms":300}';
  const report = await stack.load(['-c', '10', '-n', '10', '--fake', fake]);
  expect(report.outcomes).toMatchObject({ ok: 9, '429': 1 });
  const { checks } = json((await stack.weir(['doctor', '--json'])).stdout) as {
    checks: { id: string; result: string }[];
  };
  const about = checks.filter(({ id }) => ['unbuffered', 'balance', 'cors'].includes(id));
  expect(about.map(({ id, result }) => [id, result])).toEqual([
    ['cors', 'ok'],
    ['unbuffered', 'ok'],
    ['balance', 'ok'],
  ]);

  const token = readFileSync(path.join(stack.state, 'console.token'), 'utf8').trim();
  const headers = { 'x-console-token': token, 'content-type': 'application/json' };
  const body = JSON.stringify({ concurrency: 10 });
  const { balanced } = (await (
    await fetch(`${stack.dashboard}/api/comparison`, { method: 'POST', headers, body })
  ).json()) as { balanced: string };
  const run = await until(
    'the experiment has run',
    async () => {
      const found = await (await fetch(`${stack.dashboard}/api/runs/${balanced}`)).json();
      return (found as { report: { outcomes: Record<string, number> } | null }).report ?? undefined;
    },
    30_000,
  );
  expect(run.outcomes).toMatchObject({ ok: 9, '429': 1 });
});

it('usage is by key and model, for people and programs', async () => {
  const rows = await until('it is written', async () => {
    const { rows } = json(await weir('usage', '--json')) as { rows: Record<string, unknown>[] };
    return rows.some(({ key_name, provider }) => key_name === 'operator' && provider === 'fake') ? rows : undefined;
  });
  const alice = rows.find(({ key_name, model }) => key_name === 'alice' && model === 'mock-1x0');
  expect(alice).toMatchObject({ provider: 'openai', ok: 48, failed: 0, input_tokens: 48 * 7, estimated_tokens: 0 });
  const left = rows.find(({ model }) => model === 'mock-100000x20');
  expect(left).toMatchObject({ key_name: 'alice', ok: 0, cancelled: 2 });
  expect(await weir('usage', '--by', 'key')).toMatch(/^KEY +REQUESTS[\s\S]*alice \(\w{8}\) +50 +48 +2 +0/);
  expect(await weir('usage', '--csv')).toMatch(/,alice,openai,mock-1x0,48,0,0,336,48,0,,0\n/);
  const answer = await fetch(`${stack.dashboard}/api/usage?days=1`);
  const page = (await answer.json()) as { rows: unknown[]; key_names: Record<string, string> };
  expect(Object.values(page.key_names)).toContain('alice');
  expect(page.rows.length).toBeGreaterThanOrEqual(3);
  // The stack's own Redis keeps nothing on disk; usage outlives it.
  await weir('restart', 'redis');
  const after = await until('Redis is back', async () => {
    const { code, stdout } = await stack.weir(['usage', '--json']);
    return code === 0 ? (json(stdout) as { rows: Record<string, unknown>[] }) : undefined;
  });
  expect(after.rows.find(({ key_name, model }) => key_name === 'alice' && model === 'mock-1x0')).toEqual(alice);
  // It is about all clients, so through NGINX it wants a login.
  expect((await requestHttp1(stack.url, { path: '/api/usage' })).status).toBe(401);
});

it('users of one key have limits and streams of their own over all instances, and a browser token is one of them', async () => {
  const backend = await weir('keys', 'create', 'backend', '--acts-for-users', '--streams', '1', '--models', 'fake/*');
  await known(backend, 200);
  const as = (user: string) => ({ authorization: `Bearer ${backend}`, 'x-weir-user': user });
  const tokenOf = async (user: string) => {
    const { status, text } = await requestHttp1(stack.url, {
      path: '/api/v1/tokens',
      method: 'POST',
      headers: as(user),
    });
    expect(status).toBe(200);
    return { authorization: `Bearer ${json(text).token}` };
  };
  const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')];
  type Headers = Record<string, string>;
  const streams = '/api/v1/stream';
  const ask = (headers: Headers, more: object = {}) =>
    requestHttp1(stack.url, {
      path: streams,
      headers,
      body: { query: 'hi', model: 'fake/demo', resumable: true, ...more },
    });
  // Each has one stream at once, wherever it is asked for, with the key or with the token.
  const held = { fake: { tokens: 4_000, tokens_per_second: 20 } };
  const threads = { alice: 'of-alice', bob: 'of-bob' };
  let begun = 0;
  const open = (headers: Headers, thread: string) =>
    requestHttp1(stack.url, {
      path: streams,
      headers: { ...headers, 'x-thread-id': thread },
      body: { query: 'hi', model: 'fake/demo', resumable: true, ...held },
      onHead: () => (begun += 1),
    });
  const running = [open(as('alice'), threads.alice), open(bob, threads.bob)];
  await until('both run', () => begun === 2);
  const more = await Promise.all([alice, as('alice'), bob, as('bob')].flatMap((who) => [ask(who), ask(who), ask(who)]));
  expect(more.map(({ status }) => status)).toEqual(Array(12).fill(429));

  const at = (thread: string) => `${streams}/${thread}`;
  for (const [stranger, thread] of [
    [as('bob'), threads.alice],
    [bob, threads.alice],
    [as('alice'), threads.bob],
    [alice, threads.bob],
    [{ ...bob, 'x-resume-token': 'AAAAAAAAAAAAAAAAAAAAAA' }, threads.alice],
    [{ authorization: `Bearer ${key}` }, threads.alice],
  ] as [Headers, string][]) {
    for (const method of ['GET', 'GET', 'GET', 'DELETE', 'DELETE', 'DELETE']) {
      expect((await requestHttp1(stack.url, { path: at(thread), method, headers: stranger })).status).toBe(404);
    }
  }
  // Her own: read with the token what was opened with the key, and cancelled with the key what was opened with the token.
  let read = '';
  const reading = requestHttp1(stack.url, {
    path: at(threads.alice),
    headers: alice,
    onData: (piece) => (read += piece),
  });
  await until('it is read', () => read.includes('event: chunk'));
  for (const [headers, thread] of [
    [alice, threads.alice],
    [as('bob'), threads.bob],
  ] as [Headers, string][]) {
    expect((await requestHttp1(stack.url, { path: at(thread), method: 'DELETE', headers })).status).toBe(202);
  }
  for (const { text } of await Promise.all([...running, reading])) expect(text).toContain('"error":"cancelled"');

  const used = await until('both are counted', async () => {
    const { users } = json(await weir('usage', '--by', 'user', '--json')) as { users: Record<string, unknown>[] };
    return users.length === 2 ? users : undefined;
  });
  expect(used.map(({ user }) => user).sort()).toEqual(['alice', 'bob']);
  expect(used[0]).toMatchObject({ key_name: 'backend', ok: 0, cancelled: 1, failed: 0 });
  expect(await weir('usage', '--by', 'key')).toMatch(/backend \(\w{8}\) +2 +0 +2/);
  expect(await weir('usage', '--by', 'user')).toMatch(/^USER +REQUESTS[\s\S]*backend \(\w{8}\) \/ alice +1 +0 +1/);
  expect(await weir('usage', '--by', 'user', '--csv')).toMatch(/,backend,alice,0,1,0,/);
  const page = (await (await fetch(`${stack.dashboard}/api/usage?by=user`)).json()) as { users: unknown[] };
  expect(page.users).toHaveLength(2);

  await weir('keys', 'rotate-tokens', 'backend');
  expect((await ask(alice, { fake: { tokens: 1, ttft_ms: 0 } })).status).toBe(200);
  const { keys } = json(await weir('keys', 'list', '--json')) as { keys: Record<string, unknown>[] };
  expect(keys.find(({ name }) => name === 'backend')).toMatchObject({ streams: 1, acts_for_users: {} });
  expect(await weir('keys', 'list')).toMatch(/backend +valid +users/);
  const secrets = [...readFileSync(path.join(stack.state, 'api_keys.json'), 'utf8').matchAll(/"secret": "(.+?)"/g)].map(
    ([, text]) => text as string,
  );
  expect(secrets).toHaveLength(2);
  for (const secret of secrets) expect(JSON.stringify(keys)).not.toContain(secret);

  const { code, stderr } = await stack.weir(['keys', 'rotate-tokens', 'alice']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('alice does not act for users')]);
  await weir('keys', 'revoke', 'backend');
  await known((alice.authorization as string).slice('Bearer '.length), 401);
  expect((await ask(alice)).text).toContain('The key of this browser token was revoked');
});

it('no output has a client’s key in it', async () => {
  const secrets = [key, readFileSync(path.join(stack.state, 'operator.key'), 'utf8').trim()];
  const outputs = [
    (await requestHttp1(stack.url, { path: '/v1/models', headers: { authorization: `Bearer ${key}` } })).text,
    (await requestHttp1(stack.url, { path: '/api/v1/cluster' })).text,
    (await requestHttp1(stack.url, { path: '/api/v1/stream', body: {}, headers: { 'x-api-key': key } })).text,
    await (await fetch(`${stack.dashboard}/config.json`)).text(),
    await (await fetch(`${stack.dashboard}/api/runs`)).text(),
    await weir('keys', 'list', '--json'),
    await weir('status', '--json'),
    JSON.stringify(provider.requests),
    ...readdirSync(path.join(stack.state, 'logs')).map((name) =>
      readFileSync(path.join(stack.state, 'logs', name), 'utf8'),
    ),
    ...readdirSync(path.join(stack.state, 'runs')).map((name) =>
      readFileSync(path.join(stack.state, 'runs', name), 'utf8'),
    ),
    readFileSync(path.join(stack.state, 'api_keys.json'), 'utf8'),
    readFileSync(path.join(stack.state, 'plan.json'), 'utf8'),
  ];
  expect(outputs.join('').length).toBeGreaterThan(10_000);
  // Neither the whole nor its secret part.
  const found = secrets.flatMap((secret) => outputs.filter((text) => text.includes(secret.slice(14))));
  expect(found).toEqual([]);
});
