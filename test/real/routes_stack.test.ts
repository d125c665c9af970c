import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import type { Check } from '../../src/stack/doctor/check.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { endpointScript } from '../support/endpoint_frames.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';
import { until } from '../support/until.ts';

const CANARY = 'sk-canary-7f3a91';
const GOOD = 'word word word ';

let first: MockOpenai;
let second: MockOpenai;
let third: MockOpenai;
let left: MockOpenai;
let right: MockOpenai;
let config: RouteFile;
let stack: StackFixture;
let client: OpenAI;

const withRoutes = (routes: Record<string, object>) => ({
  providers: {
    first: { base_url: first.url, api_key_env: 'FIRST_KEY' },
    second: { base_url: second.url, headers: { 'x-secret': CANARY } },
    third: { base_url: third.url },
    failing: { base_url: third.url },
    left: { base_url: left.url },
    right: { base_url: right.url },
    chat: { base_url: left.url },
    claude: { protocol: 'anthropic', base_url: second.url },
    house: { base_url: right.url },
  },
  routes,
});
const ROUTES = {
  'after-500': along('first/mock-500', 'second/mock-3x0'),
  'after-hang': { ...along('first/mock-hang-before-head', 'second/mock-3x0'), first_token_seconds: 1.5 },
  'after-silence': { ...along('first/mock-hang-after-head', 'second/mock-3x0'), first_token_seconds: 1.5 },
  'after-cut': along('first/mock-reset', 'second/mock-3x0'),
  'key-refused': along('first/mock-echo-key'),
  talk: { ...along('left/mock-3x0', 'right/mock-3x0'), order: 'affinity' },
  // While all are idle, left is the first one.
  busy: {
    order: 'least_busy',
    targets: [
      { provider: 'left', model: 'mock-3x0', weight: 1.5 },
      { provider: 'right', model: 'mock-3x0', weight: 1 },
    ],
  },
  'first-up': along('chat/mock-3x0', 'claude/mock', 'house/mock-3x0'),
  'second-up': along('chat/mock-500', 'claude/mock', 'house/mock-3x0'),
  'third-up': along('chat/mock-500', 'claude/mock-500', 'house/mock-3x0'),
  slow: along('first/mock-150x20'),
};

beforeAll(async () => {
  const refusesKey = (request: { body: { model?: string }; headers: Record<string, unknown> }) =>
    request.body.model === 'mock-echo-key'
      ? [
          { head: 401, headers: { 'content-type': 'application/json' } },
          { write: `{"error":{"message":"Incorrect key: ${request.headers.authorization}"}}` },
        ]
      : undefined;
  [first, second, third, left, right] = await Promise.all([
    startMockOpenai({ script: refusesKey }),
    startMockOpenai({
      script: (request) => (request.path.endsWith('/messages') ? endpointScript(request) : undefined),
    }),
    startMockOpenai(),
    startMockOpenai(),
    startMockOpenai(),
  ]);
  config = routeFile(withRoutes(ROUTES));
  stack = await newStack({ FIRST_KEY: CANARY });
  await stack.start(['--instances', '2', '--config', config.file, '--max-per-user', '200']);
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'sk-x', maxRetries: 0, fetch: trustingFetch(stack.ca) });
});
afterAll(async () => {
  await stack.destroy();
  config[Symbol.dispose]();
  await Promise.all([first, second, third, left, right].map((mock) => mock.close()));
});

const messages = [{ role: 'user' as const, content: 'hi' }];

async function chat(model: string): Promise<string> {
  let text = '';
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

/** One stream of our own API, with what its events say. */
async function stream(model: string, more: object = {}) {
  const answer = await requestHttp1(stack.url, { path: '/api/v1/stream', body: { query: 'hi', model, ...more } });
  const of = (name: string) =>
    [...answer.text.matchAll(new RegExp(`event: ${name}\ndata: (.*)`, 'g'))].map(([, json]) => JSON.parse(json ?? ''));
  return {
    text: of('chunk')
      .map(({ content }) => content)
      .join(''),
    status: of('status')[0],
    error: of('error')[0],
    isDone: answer.text.endsWith('data: [DONE]\n\n'),
  };
}

/** As a scraper reads them: NGINX gives them to no client. */
async function metricsOf(...names: string[]): Promise<string> {
  const services = await stack.services();
  const sockets = names.map((name) => services.find((service) => service.name === name)?.address.slice('unix:'.length));
  const answers = await Promise.all(
    sockets.map((socket) => shortRequest({ socket: socket as string, path: '/metrics' })),
  );
  return answers.map(({ body }) => body).join('');
}

describe('a route from OpenAI to Anthropic to a server of one’s own', () => {
  it.each([
    ['first', 'first-up', GOOD],
    ['second, which speaks another format,', 'second-up', 'Grüße 🌉'],
    ['third', 'third-up', GOOD],
  ])('is answered by the %s where it is the first that is up, for clients of any format', async (_, route, text) => {
    expect(await chat(route)).toBe(text);
    const whole = await client.chat.completions.create({ model: route, messages });
    expect(whole.choices[0]?.message.content).toBe(text);
    expect(await stream(route)).toMatchObject({ text, isDone: true });
    const response = await client.responses.create({ model: route, input: 'hi' });
    expect(response.output_text).toBe(text);
  });
});

describe('a route of two providers, through NGINX', () => {
  it.each([
    ['500', 'after-500'],
    ['nothing', 'after-hang'],
    ['a head and nothing', 'after-silence'],
  ])('is answered by the second where the first says %s', async (_, route) => {
    const [passed, own] = await Promise.all([chat(route), stream(route)]);
    expect(passed).toBe(GOOD);
    expect(own).toMatchObject({ text: GOOD, isDone: true });
    expect(own.error).toBeUndefined();
    // And whole answers, where nothing but a status can be waited for.
    if (route !== 'after-500') return;
    const whole = await client.chat.completions.create({ model: route, messages });
    expect(whole.choices[0]?.message.content).toBe(GOOD);
    expect(own.status).toMatchObject({ provider: 'second', model: 'mock-3x0' });
  });

  it('is one truthful error where the first breaks off in the middle: nothing is glued to what was said', async () => {
    const calls = second.requests.length;
    let text = '';
    const cut = (async () => {
      const answer = await client.chat.completions.create({ model: 'after-cut', messages, stream: true });
      for await (const chunk of answer) text += chunk.choices[0]?.delta.content ?? '';
    })();
    await expect(cut).rejects.toMatchObject({ code: 'upstream_truncated' });
    expect(text).toBe('One two three ');
    const own = await stream('after-cut');
    expect(own).toMatchObject({ text: 'One two three ', isDone: false, error: { error: 'upstream_truncated' } });
    expect(second.requests).toHaveLength(calls);
  });

  it('stands among the models, and in no output stands a key', async () => {
    const names = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(names).toEqual(expect.arrayContaining(['after-500', 'second/mock-5x0']));
    const get = (path: string) => requestHttp1(stack.url, { path });
    const models = await get('/api/v1/models');
    expect(JSON.parse(models.text).routes).toContainEqual({
      name: 'after-500',
      usable: true,
      speaks: ['chat'],
      ...along('first/mock-500', 'second/mock-3x0'),
    });
    const refused = await client.chat.completions.create({ model: 'key-refused', messages }).catch((error) => error);
    expect(refused).toMatchObject({ status: 401, message: expect.stringContaining('Incorrect key: Bearer [key]') });
    const own = await requestHttp1(stack.url, { path: '/api/v1/stream', body: { query: 'hi', model: 'key-refused' } });
    expect(own.status).toBe(502);
    expect(first.requests.at(-1)?.headers.authorization).toBe(`Bearer ${CANARY}`);
    expect(second.requests.at(-1)?.headers['x-secret']).toBe(CANARY);
    const metrics = await metricsOf('app-1', 'app-2');
    expect(metrics).toMatch(/weir_failovers_total\{.*reason="status_500".*\} [1-9]/);
    const outputs = [
      models.text,
      own.text,
      JSON.stringify(refused),
      metrics,
      ...['app-1', 'app-2', 'supervisor', 'console', 'nginx', 'nginx.access'].map((name) => stack.log(name)),
      ...(await Promise.all(['/v1/models', '/api/v1/cluster', '/api/v1/health'].map(get))).map(({ text }) => text),
      (await stack.weir(['status', '--json'])).stdout,
    ];
    for (const output of outputs) expect(output).not.toContain(CANARY);
  });
});

/** One question to an instance itself. @returns which provider answered */
async function askInstance(name: string, asked: object, signal?: AbortSignal): Promise<string> {
  const service = (await stack.services()).find((each) => each.name === name);
  const socket = service?.address.slice('unix:'.length) as string;
  const body = JSON.stringify({ query: 'hi', ...asked });
  const headers = { 'content-type': 'application/json' };
  const request = { socket, method: 'POST', path: '/api/v1/stream', headers, body, timeoutMs: 60_000 };
  const answer = await shortRequest({ ...request, ...(signal && { signal }) });
  return /"provider":"(\w+)"/.exec(answer.body)?.[1] ?? answer.body;
}

describe('the order of targets, over two instances', () => {
  it('with least_busy counts the streams of all instances', async () => {
    const busy = (instance: string) => askInstance(instance, { model: 'busy' });
    expect(await busy('app-2')).toBe('left');
    const abort = new AbortController();
    const running = askInstance('app-1', { provider: 'left', model: 'mock-1000x10' }, abort.signal).catch(() => {});
    await until('the other instance counts it', async () => (await busy('app-2')) === 'right');
    expect(await busy('app-1')).toBe('right');
    const { instances } = JSON.parse((await requestHttp1(stack.url, { path: '/api/v1/cluster' })).text) as ClusterView;
    expect(instances.map(({ in_flight }) => in_flight)).toEqual([{ left: 1 }, {}]);
    abort.abort();
    await running;
    await until('it counts no longer', async () => (await busy('app-2')) === 'left');
  });

  it('with affinity has all of a conversation answered by one target, and by the other when that dies', async () => {
    const counts = () => [left.requests.length, right.requests.length] as const;
    const instances = new Set<string>();
    const say = async (session: string, content: string) => {
      const headers = { 'x-claude-code-session-id': session };
      const body = { model: 'talk', messages: [{ role: 'user', content }], stream: true };
      const answer = await requestHttp1(stack.url, { path: '/v1/chat/completions', headers, body });
      expect(answer.text).toContain('[DONE]');
      instances.add(String(answer.headers['x-instance-id']));
    };
    // Each session is of one target, and there is one of each.
    const used = new Set<number>();
    for (let session = 1; used.size < 2 || instances.size < 2; session += 1) {
      const before = counts();
      for (let at = 0; at < 10; at += 1) await say(`s-${session}`, `${at}`);
      const more = counts().map((count, at) => count - (before[at] as number));
      expect(more.toSorted()).toEqual([0, 10]);
      used.add(more.indexOf(10));
    }
    await left.close();
    const before = right.requests.length;
    for (let session = 1; session <= 4; session += 1) await say(`s-${session}`, 'and now?');
    expect(right.requests).toHaveLength(before + 4);
  });
});

it('the doctor says which provider refused its key, and where that is set', async () => {
  const refused = await stream('key-refused');
  expect(refused.isDone).toBe(false);
  const found = await until('the refusal is announced', async () => {
    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as { checks: Check[] };
    const check = checks.find(({ id }) => id === 'provider_keys');
    return check?.result === 'ok' ? undefined : check;
  });
  expect(found).toMatchObject({
    result: 'warn',
    what: 'the key of this deployment was refused by first (401)',
    fix: 'FIRST_KEY=… ./weir restart',
  });
});

it('the doctor names a provider that fails, and the cluster says who leaves it alone', async () => {
  const failing = { path: '/api/v1/stream', body: { query: 'hi', provider: 'failing', model: 'mock-500' } };
  await until('its circuits are open', async () => {
    const { text } = await requestHttp1(stack.url, failing);
    return text.includes('is left alone');
  });
  const found = await until('the circuits are announced', async () => {
    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as { checks: Check[] };
    const check = checks.find(({ id }) => id === 'providers');
    return check?.result === 'ok' ? undefined : check;
  });
  expect(found).toMatchObject({
    result: 'warn',
    what: expect.stringMatching(/^skipped for failing: failing \(by app-/),
    fix: expect.stringMatching(/^\.\/weir logs app-[12]$/),
  });
});

it('a load test of a route that does not exist is refused, and says which there are', async () => {
  const { code, stderr } = await stack.weir(['load', '--route', 'slwo', '-n', '1']);
  expect(stderr).toMatch(/has no route slwo; it has after-500, .*, slow\.$/m);
  expect(code).toBe(2);
  expect((await stack.weir(['load', '--route', 'after-500', '-c', '1', '-n', '1'])).code).toBe(0);
});

describe('a reload', () => {
  it('that is broken names all problems, and changes nothing', async () => {
    config.write(
      'providers: { first: { preset: opnai } }\nroutes:\n  x: { targets: [{ provider: missing, model: m }] }\n',
    );
    const { code, stderr } = await stack.weir(['reload']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 1: providers\.first\.preset[\s\S]*line 3: routes\.x\.targets\.0\.provider/);
    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as { checks: Check[] };
    const found = checks.find(({ id }) => id === 'config_file');
    expect(found?.result).toBe('fail');
    expect(found?.what).toMatch(/is not valid: line 1: providers\.first\.preset.*line 3: routes\.x/);
    expect(found?.fix).toMatch(/then \.\/weir reload$/);
    // An instance that gets the signal all the same refuses it by itself.
    const says = stack.sinceNow('app-1');
    process.kill(await stack.pid('app-1'), 'SIGHUP');
    await until('the refusal is in the log', () => says('Configuration refused'));
    expect(says('routes.x.targets.0.provider')).toBe(true);
    expect(await chat('after-500')).toBe(GOOD);
    const started = await stack.weir(['start', '--all', ...stack.portFlags, '--config', config.file]);
    expect(started.stderr).toContain('line 1: providers.first.preset');
  });

  it('of a file that is empty is refused by all who read it, and changes nothing', async () => {
    config.write('');
    const says = stack.sinceNow('app-1');
    process.kill(await stack.pid('app-1'), 'SIGHUP');
    await until('the refusal is in the log', () => says('Configuration refused'));
    expect(await chat('after-500')).toBe(GOOD);
    const { code, stderr } = await stack.weir(['reload']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('it is empty')]);
    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as { checks: Check[] };
    expect(checks.find(({ id }) => id === 'config_file')?.what).toContain('it is empty');
    const started = await stack.weir(['start', '--all', ...stack.portFlags, '--config', config.file]);
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('it is empty')]);
  });

  it('under load cuts no stream, and has new ones answered anew', async () => {
    config.write(withRoutes(ROUTES));
    expect((await stack.weir(['reload'])).code).toBe(0);
    await until('what ran before is over', () => first.open === 0);
    const before = third.requests.length;
    const says = stack.sinceNow('app-1');
    const running = Array.from({ length: 40 }, (_, at) =>
      at % 2 === 0 ? chat('slow') : stream('slow', { resumable: at % 4 === 1 }).then(({ text }) => text),
    );
    await until('all have begun', () => first.open === 40);
    const { first: _, ...left } = withRoutes({}).providers;
    config.write({ providers: left, routes: { slow: along('third/mock-3x0') } });
    const { code, stderr } = await stack.weir(['reload']);
    expect(stderr).toMatch(/app-1: reloaded[\s\S]*app-2: reloaded/);
    expect(code).toBe(0);
    expect(first.open).toBe(40);
    expect(await Promise.all([chat('slow'), stream('slow').then(({ text }) => text)])).toEqual([GOOD, GOOD]);
    expect(third.requests).toHaveLength(before + 2);
    expect(new Set(await Promise.all(running))).toEqual(new Set(['word '.repeat(150)]));
    await until('the old connections are closed', async () => (await first.connections()) === 0);
    expect(says('Configuration reloaded')).toBe(true);
  });
});

it('a stack whose configuration is broken starts nothing, and says all that is wrong', async () => {
  using broken = routeFile('providers: { a: {}, b: { preset: opnai } }\n');
  const other = await newStack();
  try {
    const { code, stderr } = await other.weir(['start', '--all', ...other.portFlags, '--config', broken.file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 1: providers\.a has no address[\s\S]*line 1: providers\.b\.preset has to be one of/);
    expect(await other.services()).toEqual([]);
  } finally {
    await other.destroy();
  }
});
