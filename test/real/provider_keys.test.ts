import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterView, ModelsView } from '../../src/formats/cluster/cluster_view.ts';
import { endpointScript } from '../support/endpoint_frames.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { KeyFile } from '../support/key_file.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';

const CANARY = 'sk-canary-90ab3e';
const PAIR = { PAIR_1: `${CANARY}-1`, PAIR_2: `${CANARY}-2` };
const BODY = '{"error":{"message":"Incorrect API key provided.","code":"invalid_api_key"}}';
const REFUSES = 'Provider refuses the key of this deployment';

/** Endpoints, and what they are asked of a model. */
const ENDPOINTS: [string, (model: string) => object][] = [
  ['/v1/chat/completions', (model) => ({ model, messages: [{ role: 'user', content: 'hi' }], stream: true })],
  ['/v1/chat/completions', (model) => ({ model, messages: [{ role: 'user', content: 'hi' }] })],
  ['/v1/responses', (model) => ({ model, input: 'hi', stream: true })],
  ['/v1/messages', (model) => ({ model, messages: [], stream: true })],
  ['/v1/embeddings', (model) => ({ model, input: 'hi' })],
];

/** What the first provider refuses with; undefined: it answers. */
let refusal: number | undefined;
/** A key that it refuses, and with what. */
let refusedKey: { key: string; status: number } | undefined;
let first: MockOpenai;
let second: MockOpenai;
let config: RouteFile;
let file: KeyFile;
let key: string;
let instance: Instance;
beforeAll(async () => {
  first = await startMockOpenai({
    background: false,
    script: (request) => {
      const key = request.headers.authorization?.slice('Bearer '.length) as string;
      const status = refusedKey?.key === key ? refusedKey.status : refusal;
      const headers = { 'content-type': 'application/json', 'retry-after': '1' };
      const body = key === CANARY ? BODY : BODY.replace('API key', key);
      return status === undefined ? endpointScript(request) : [{ head: status, headers }, { write: body }];
    },
  });
  second = await startMockOpenai();
  const speaks = ['chat', 'responses', 'embeddings', 'messages'];
  config = routeFile({
    providers: {
      first: { base_url: first.url, api_key_env: 'FIRST_KEY', capabilities: { speaks } },
      second: { base_url: second.url },
      pair: { base_url: first.url, api_key_env: ['PAIR_1', 'PAIR_2'] },
    },
    routes: { smart: along('first/mock-3x0', 'second/mock-3x0') },
  });
  file = new KeyFile();
  key = file.add().text;
  instance = await startInstance({ ...file.environment, WEIR_CONFIG: config.file, FIRST_KEY: CANARY, ...PAIR });
});
afterAll(async () => {
  expect(JSON.stringify(instance.lines)).not.toContain(CANARY);
  await instance.stop();
  config[Symbol.dispose]();
  file.close();
  await Promise.all([first.close(), second.close()]);
});

const ask = async (path: string, body: object, apiKey = key) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
  const answer = await fetch(`${instance.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};
const stream = (model: string, more: object = { provider: 'first' }) =>
  ask('/api/v1/stream', { query: 'hi', model, ...more });
const get = async <T>(path: string) =>
  (await (await fetch(`${instance.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json()) as T;
const view = async () => {
  const { providers, routes } = await get<ModelsView>('/api/v1/models');
  const { instances } = await get<ClusterView>('/api/v1/cluster');
  return {
    first: providers.find(({ name }) => name === 'first'),
    smart: routes.find(({ name }) => name === 'smart'),
    refusedKeys: instances[0]?.refused_keys,
  };
};
const warnings = () => instance.lines.filter(({ event }) => event === REFUSES);
const WELL = { first: { usable: true }, smart: { usable: true }, refusedKeys: {} };

async function acceptedAgain(): Promise<void> {
  refusal = undefined;
  expect((await stream('mock-3x0')).text).toContain('[DONE]');
}

describe('a provider that refuses the key of the deployment', () => {
  it.each(ENDPOINTS)('differs from a wrong key of the client on %s (%#)', async (path, body) => {
    refusal = 401;
    const passed = await ask(path, body('first/mock'));
    expect([passed.status, passed.text, passed.headers.get('x-weir-refused-by')]).toEqual([401, BODY, 'first']);
    expect(passed.headers.get('www-authenticate')).toBeNull();
    const own = await ask(path, body('first/mock'), 'weir_wrong');
    expect([own.status, own.headers.get('x-weir-refused-by')]).toEqual([401, null]);
    expect(own.headers.get('www-authenticate')).toContain('weir');
  });

  it.each([401, 402, 403])('with %i is a 502 on /api/v1/stream that says so', async (status) => {
    refusal = status;
    const answer = await stream('mock-3x0');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: 'upstream_error',
      message: expect.stringContaining('refused the key of this deployment'),
      details: { provider: 'first', status },
    });
    expect((await view()).refusedKeys).toEqual({ first: status });
  });

  it('is seen by the operator, in one line, among the models and in the cluster, until a call succeeds', async () => {
    // Lines come in batches, in order: with the one that ends a refusal, all before it are there.
    const takenAgain = () => instance.lines.filter(({ event }) => event === 'Provider takes the key again').length;
    const refused = takenAgain();
    await acceptedAgain();
    await until('its line', () => takenAgain() > refused);
    expect(await view()).toMatchObject(WELL);
    const before = warnings().length;
    refusal = 401;
    for (let at = 0; at < 3; at += 1) await stream('mock-3x0');
    const seen = await view();
    expect(seen).toMatchObject({ first: { usable: false }, refusedKeys: { first: 401 } });
    expect(seen.first?.reason).toMatch(/first refused the key or account of this deployment \(401\); check FIRST_KEY/);
    // Another one is on the route.
    expect(seen.smart).toMatchObject({ usable: true });
    await acceptedAgain();
    expect(await view()).toMatchObject(WELL);
    await until('its line', () => takenAgain() > refused + 1);
    expect(warnings().slice(before)).toMatchObject([
      { level: 'warn', stage: '4', provider: 'first', status: 401, fix: 'check FIRST_KEY' },
    ]);
  });

  it('is seen where the next one on a route has answered for it, and is asked all the same', async () => {
    refusal = 403;
    const [calls, others] = [first.requests.length, second.requests.length];
    for (let at = 0; at < 2; at += 1) expect((await stream('smart', {})).text).toContain('[DONE]');
    expect([first.requests.length - calls, second.requests.length - others]).toEqual([2, 2]);
    expect(await view()).toMatchObject({ first: { usable: false }, refusedKeys: { first: 403 } });
    await acceptedAgain();
  });

  it('is not assumed after a failure of its own, or after a request that it does not take', async () => {
    for (const status of [400, 404, 422, 500]) {
      refusal = status;
      await stream('mock-3x0');
    }
    expect(await view()).toMatchObject(WELL);
  });

  it('is given another chance by a reload, which reads its key again', async () => {
    refusal = 401;
    await stream('mock-3x0');
    expect((await view()).refusedKeys).toEqual({ first: 401 });
    instance.process.kill('SIGHUP');
    await until('the reload is over', async () => Object.keys((await view()).refusedKeys ?? { x: 0 }).length === 0);
    expect(await view()).toMatchObject(WELL);
  });
});

describe('two keys of one provider', () => {
  /** One request of a conversation. @returns the answer, and the keys that were tried for it */
  const say = async (session: string) => {
    const from = first.requests.length;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'x-session-id': session };
    const body = JSON.stringify({ model: 'pair/mock', messages: [{ role: 'user', content: 'hi' }], stream: true });
    const answer = await fetch(`${instance.url}/v1/chat/completions`, { method: 'POST', headers, body });
    const keys = first.requests.slice(from).map((request) => request.headers.authorization?.at(-1));
    return { status: answer.status, text: await answer.text(), keys };
  };

  it('are both used, each by conversations of its own; one that is refused or at its limit gives way at once', async () => {
    refusal = undefined;
    const sessionsOf: Record<string, string[]> = { '1': [], '2': [] };
    for (let at = 0; sessionsOf['1']?.length !== 2 || sessionsOf['2']?.length === 0; at += 1) {
      const { keys } = await say(`session ${at}`);
      expect(await say(`session ${at}`)).toMatchObject({ keys });
      if (sessionsOf[String(keys)]?.length !== 2) sessionsOf[String(keys)]?.push(`session ${at}`);
    }
    const [session = '', other = ''] = sessionsOf['1'];
    for (const status of [429, 401]) {
      refusedKey = { key: PAIR.PAIR_1, status };
      expect(await say(session)).toMatchObject({ status: 200, keys: ['1', '2'] });
      // A moment later no request tries the refused one first.
      expect(await say(other)).toMatchObject({ status: 200, keys: ['2'] });
      refusedKey = undefined;
      await until('it is asked again', async () => String((await say(session)).keys) === '1');
    }
  });

  it('are shown one by one, and neither stands in an answer', async () => {
    refusedKey = { key: PAIR.PAIR_2, status: 403 };
    await until('it has been refused', async () => (await say(crypto.randomUUID())).keys[0] === '2');
    const { instances } = await get<ClusterView>('/api/v1/cluster');
    expect(instances[0]).toMatchObject({ refused_keys: { 'pair#2': 403 }, breakers: { 'pair#1': 'closed' } });
    const { providers } = await get<ModelsView>('/api/v1/models');
    expect(providers.find(({ name }) => name === 'pair')).toMatchObject({
      usable: true,
      keys: [{ usable: true }, { usable: false, reason: expect.stringContaining('check PAIR_2') }],
    });
    refusal = 401;
    const { status, text } = await say('both');
    expect([status, text]).toEqual([expect.toBeOneOf([401, 403]), expect.stringContaining('Incorrect [key]')]);
    refusal = refusedKey = undefined;
  });
});
