import OpenAI, { type APIError, AuthenticationError, PermissionDeniedError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { KeyFile } from '../support/key_file.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { until } from '../support/until.ts';
import { wrongClock } from '../support/wrong_clock.ts';

let provider: MockOpenai;
let file: KeyFile;
let deployment: Deployment;
beforeAll(async () => {
  provider = await startMockOpenai({ background: false });
  file = new KeyFile();
  deployment = await Deployment.start({
    instances: 2,
    // The clock of one is wrong by more than any browser token holds.
    envOf: (at) => (at === 1 ? wrongClock(2 * 3_600_000) : {}),
    env: { ...file.environment, OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: 'sk-of-the-deployment' },
  });
});
afterAll(async () => {
  await deployment.close();
  await provider.close();
  file.close();
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const json = { 'content-type': 'application/json' };
const short = { query: 'hi', model: 'demo', provider: 'fake', fake: { tokens: 2, tokens_per_second: 0, ttft_ms: 0 } };

const send = (headers: Record<string, string>, body: unknown = short, path = '/api/v1/stream', at = 0) =>
  fetch(`${deployment.url(at)}${path}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** A new key, once every instance knows it. */
async function newKey(wishes: Parameters<KeyFile['add']>[0] = {}): Promise<string> {
  const { text } = file.add(wishes);
  await known(text, 200);
  return text;
}

/** Until all instances answer a request that changes nothing with this status. */
async function known(key: string, status: number): Promise<void> {
  await until(`every instance answers the key with ${status}`, async () => {
    const ask = (_: unknown, at: number) => fetch(`${deployment.url(at)}/v1/models`, { headers: bearer(key) });
    const answers = await Promise.all(deployment.instances.map(ask));
    return answers.every((answer) => answer.status === status);
  });
}

async function slots(): Promise<number> {
  return (await deployment.slots(0)) + (await deployment.slots(1));
}

describe('without a key that holds', () => {
  it.each([
    ['/api/v1/stream', (body: unknown) => expect(body).toMatchObject({ error: 'unauthorized', details: {} })],
    [
      '/v1/chat/completions',
      (body: unknown) => expect(body).toMatchObject({ error: { type: 'authentication_error', code: 'unauthorized' } }),
    ],
    [
      '/v1/messages',
      (body: unknown) => expect(body).toMatchObject({ type: 'error', error: { type: 'authentication_error' } }),
    ],
  ])('%s refuses in its own format, before any other check', async (path, wears) => {
    // Each of these would be another refusal: type, size, JSON, thread id.
    for (const [headers, body] of [
      [{ 'content-type': 'text/plain' }, 'x'],
      [json, 'x'.repeat(2 * 1024 * 1024)],
      [json, '{'],
      [{ ...json, 'x-thread-id': 'not valid!' }, '{}'],
      [{ ...json, ...bearer('weir_00000000_wrong') }, '{}'],
    ] as const) {
      const answer = await send(headers, body, path);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="weir"');
      wears(await answer.json());
    }
  });

  it('nothing that names a stream or a model answers; health, cluster and metrics do', async () => {
    const status = async (method: string, path: string) =>
      (await fetch(`${deployment.url(0)}${path}`, { method })).status;
    expect(await status('GET', '/api/v1/stream/abc')).toBe(401);
    expect(await status('DELETE', '/api/v1/stream/abc')).toBe(401);
    for (const path of ['/v1/models', '/v1/models/fake/demo', '/api/v1/models'])
      expect(await status('GET', path)).toBe(401);
    for (const path of ['/api/v1/health', '/api/v1/cluster', '/metrics', '/api/v1/openapi.json']) {
      expect(await status('GET', path)).toBe(200);
    }
    expect(await status('GET', '/v1/nothing')).toBe(404);
    const document = await (await fetch(`${deployment.url(0)}/api/v1/openapi.json`)).json();
    expect(document).toMatchObject({ components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } });
  });

  it('takes the key as OpenAI’s clients and as Anthropic’s send it, then goes on with the order of refusals', async () => {
    const key = await newKey();
    for (const credentials of [bearer(key), { 'x-api-key': key }]) {
      expect((await send({ ...credentials, ...json })).status).toBe(200);
      expect((await send({ ...credentials, 'content-type': 'text/plain' }, 'x')).status).toBe(415);
      expect((await send({ ...credentials, ...json }, '{')).status).toBe(400);
      expect((await send({ ...credentials, ...json }, '{}')).status).toBe(422);
    }
  });
});

describe('a key', () => {
  const client = (apiKey: string, at = 0) => new OpenAI({ baseURL: `${deployment.url(at)}/v1`, apiKey, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'hi' }];

  it('holds from its making to its revocation and to its end, without a restart', async () => {
    const revoked = file.add();
    await known(revoked.text, 200);
    file.revoke(revoked.id);
    await known(revoked.text, 401);
    const call = client(revoked.text).chat.completions.create({ model: 'fake/demo', messages });
    await expect(call).rejects.toThrow(AuthenticationError);
    await expect(call).rejects.toThrow(/was revoked on/);

    const { text } = file.add({ expires: new Date(Date.now() + 2_000).toISOString() });
    await known(text, 200);
    await known(text, 401);
  });

  it('is kept while the file is broken, which the log says', async () => {
    const key = await newKey();
    const warned = () => deployment.at(0).lines.filter(({ event }) => event.startsWith('API keys could not be read'));
    const repair = file.spoil();
    await until('the log says so', () => warned().length > 0);
    expect(warned()[0]).toMatchObject({ level: 'warn', reason: 'it is not JSON' });
    await known(key, 200);
    repair();
  });

  it('may use its models only, by name or by provider, and sees no others', async () => {
    const key = await newKey({ models: ['fake/*', 'openai/mock-2*'] });
    const ok = await client(key)
      .chat.completions.create({ model: 'openai/mock-9x0', messages })
      .catch((error) => error);
    expect(ok).toBeInstanceOf(PermissionDeniedError);
    expect(ok).toMatchObject({ status: 403, code: 'model_not_allowed', type: 'permission_error' });
    expect(
      (await send({ ...bearer(key), ...json }, { query: 'x', model: 'mock-9x0', provider: 'openai' })).status,
    ).toBe(403);
    expect(
      (await send({ ...bearer(key), ...json }, { query: 'x', model: 'mock-2x0', provider: 'openai' })).status,
    ).toBe(200);
    expect((await send({ ...bearer(key), ...json })).status).toBe(200);
    // Without a provider the default one is asked, whatever the model's name looks like.
    const other = await newKey({ models: ['openai/*'] });
    for (const model of ['openai/mock-2x0', 'fake/demo', 'mock-2x0']) {
      const answer = await send({ ...bearer(other), ...json }, { query: 'x', model });
      expect([model, answer.status]).toEqual([model, 403]);
      expect(await answer.json()).toMatchObject({ error: 'model_not_allowed' });
    }
    const models = [];
    for await (const { id } of client(key).models.list()) models.push(id);
    expect(models).toEqual(['fake/demo', 'fake/gpt-3.5-turbo']);
    expect(provider.requests.filter(({ body }) => body.model === 'mock-9x0')).toEqual([]);
  });

  it('attaches to its own resumable streams, and to no others', async () => {
    const [mine, other] = [await newKey(), await newKey()];
    const answer = await send({ ...bearer(mine), ...json, 'x-thread-id': 'a-thread' }, { ...short, resumable: true });
    expect(await answer.text()).toContain('[DONE]');
    const attach = (key: string) => fetch(`${deployment.url(1)}/api/v1/stream/a-thread`, { headers: bearer(key) });
    expect((await attach(other)).status).toBe(404);
    expect(await (await attach(mine)).text()).toContain('[DONE]');
  });
});

it('a browser token is made on either instance and holds on both, whatever their own clocks say', async () => {
  const key = await newKey({ acts_for_users: {} });
  // An instance knows what the others' time is once Redis has answered promptly.
  await until('a token of either holds on both', async () => {
    const statuses = [];
    for (const at of [0, 1]) {
      const answer = await send({ ...bearer(key), 'x-weir-user': 'alice', ...json }, {}, '/api/v1/tokens', at);
      const { token } = (await answer.json()) as { token: string };
      for (const on of [0, 1]) statuses.push((await send({ ...bearer(token), ...json }, short, undefined, on)).status);
    }
    return statuses.every((status) => status === 200);
  });
});

describe('limits of a key, over all instances', () => {
  const client = (apiKey: string, at: number) =>
    new OpenAI({ baseURL: `${deployment.url(at)}/v1`, apiKey, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'hi' }];

  it('streams at once', async () => {
    const key = await newKey({ streams: 2 });
    const held = { ...short, fake: { ttft_ms: 60_000 } };
    const ends = new AbortController();
    const hold = (at: number) =>
      fetch(`${deployment.url(at)}/api/v1/stream`, {
        method: 'POST',
        headers: { ...bearer(key), ...json },
        body: JSON.stringify(held),
        signal: ends.signal,
      }).catch(() => {});
    const holding = [hold(0), hold(1)];
    await until('both hold a slot', async () => (await slots()) === 2);
    for (const at of [0, 1]) {
      const answer = await send({ ...bearer(key), ...json }, short, '/api/v1/stream', at);
      expect(answer.status).toBe(429);
      expect(await answer.json()).toMatchObject({
        error: 'too_many_connections',
        details: { current: 2, max: 2, scope: 'cluster' },
      });
    }
    ends.abort();
    await Promise.all(holding);
    await until('both slots are free', async () => (await slots()) === 0);
  });

  it('requests per minute, as OpenAI’s client reads them; a refusal takes no slot', async () => {
    const key = await newKey({ requests_per_minute: 3 });
    const left = [];
    for (const at of [0, 1, 0]) {
      const call = client(key, at).chat.completions.create({ model: 'fake/demo', messages, stream: true });
      const { response } = await call.withResponse();
      left.push(response.headers.get('x-ratelimit-remaining-requests'));
      await response.body?.cancel();
    }
    expect(left).toEqual(['2', '1', '0']);
    await until('nothing is held', async () => (await slots()) === 0);
    for (const at of [0, 1]) {
      const error = await client(key, at)
        .chat.completions.create({ model: 'fake/demo', messages })
        .catch((thrown: APIError) => thrown);
      expect(error).toBeInstanceOf(RateLimitError);
      const { headers, code } = error as APIError;
      expect(code).toBe('rate_limited');
      expect(headers?.get('x-ratelimit-limit')).toBe('3');
      expect(headers?.get('x-ratelimit-remaining')).toBe('0');
      const [after, reset] = ['retry-after', 'x-ratelimit-reset'].map((name) => Number(headers?.get(name)));
      expect(after).toBeGreaterThan(0);
      // A second counts until all of it is a minute old.
      expect(after).toBeLessThanOrEqual(61);
      expect(reset).toBeGreaterThanOrEqual(after as number);
      expect(reset).toBeLessThanOrEqual(61);
    }
    expect(await slots()).toBe(0);
  });

  it('tokens per minute: charged when an answer ends, and asked before the next begins', async () => {
    const key = await newKey({ tokens_per_minute: 40 });
    const body = { query: 'hi', model: 'mock-50x0', provider: 'openai' };
    const first = await send({ ...bearer(key), ...json }, body);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('40');
    expect(await first.text()).toContain('"output_tokens":50');
    await until('the other instance refuses', async () => {
      const next = await send({ ...bearer(key), ...json }, body, '/api/v1/stream', 1);
      await next.text();
      return next.status === 429;
    });
  });

  it('what the provider says of its own limits stands', async () => {
    const key = await newKey({ requests_per_minute: 50 });
    const call = client(key, 0).chat.completions.create({ model: 'openai/mock-limits', messages, stream: true });
    const { response } = await call.withResponse();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('7');
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('50');
    await response.body?.cancel();
  });

  it('one more round trip a request for both limits: one script, nothing at its end, and nothing per token', async () => {
    const REQUESTS = 100;
    const requests_per_minute = 100_000;
    const both = { requests_per_minute, tokens_per_minute: 100_000_000 };
    const calls = async () => {
      const stats = await deployment.redis.cli('info', 'commandstats');
      const of = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
      return { scripts: of('evalsha'), counters: of('hmget') };
    };
    // A slot is taken and given back by a script each, or by one for several; the limits are one of one HMGET.
    for (const [limits, counters] of [
      [{}, 0],
      [{ requests_per_minute }, 1],
      [both, 1],
    ] as const) {
      const key = await newKey(limits);
      const before = await calls();
      for (let at = 0; at < REQUESTS; at += 1) {
        await (await send({ ...bearer(key), ...json }, { ...short, fake: { ...short.fake, tokens: 20 } })).text();
      }
      const after = await calls();
      // What instances ask by themselves has a share of a request; an answer's tokens go with the next request, or alone
      // where that is a quarter of a second later.
      expect((after.scripts - before.scripts) / REQUESTS).toBeLessThan(2.75 + 2 * counters);
      const counted = (after.counters - before.counters) / REQUESTS;
      // For a second after an answer that came too late, as on a busy machine, Redis is not asked.
      expect(Math.ceil(counted)).toBeGreaterThanOrEqual(counters);
      expect(counted).toBeLessThan(2 * counters + 0.5);
    }
  });

  it('while Redis is away each instance counts its part, with what it counted before; a new Redis is sent all', async () => {
    const { text: key, id } = file.add({ requests_per_minute: 6 });
    await known(key, 200);
    const status = async (at: number) => (await send({ ...bearer(key), ...json }, short, '/api/v1/stream', at)).status;
    expect([await status(0), await status(1), await status(1)]).toEqual([200, 200, 200]);
    await deployment.redis.kill();
    // Half of six on each of the two.
    const statuses = [];
    for (let tries = 0; tries < 4; tries += 1) statuses.push(await status(0));
    expect(statuses).toEqual([200, 200, 429, 429]);
    await deployment.redis.start();
    await until('both have sent what they counted', async () => {
      return (await deployment.redis.cli('hget', `weir:rate:{${id}}`, 'r')).trim() === '5';
    });
    expect([await status(0), await status(0), await status(1)]).toEqual([200, 429, 429]);
  });
});
