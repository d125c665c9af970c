import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import { ERROR_TABLE } from '../../src/formats/error_code.ts';
import { type MeetingPlace, startMeetingPlace } from '../support/meeting_streams.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp_receiver.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { Http2Client, requestHttp1, type StackAnswer, type StackRequest } from '../support/stack_requests.ts';
import { until } from '../support/until.ts';

let provider: MeetingPlace;
let stack: StackFixture;
let collector: OtlpReceiver;
let http2: Http2Client;
beforeAll(async () => {
  provider = await startMeetingPlace();
  collector = await startOtlpReceiver();
  stack = await newStack({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'test',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  await stack.start();
  http2 = new Http2Client(stack.url);
});
afterAll(async () => {
  http2.close();
  await stack.destroy();
  await provider.close();
  await collector[Symbol.asyncDispose]();
});

const one = (request: StackRequest) => requestHttp1(stack.url, request);
const two = (request: StackRequest) => http2.request(request);
const stream = (fake: Record<string, unknown>): StackRequest => ({
  path: '/api/v1/stream',
  body: { query: 'hi', model: 'm', provider: 'fake', fake },
});
const json = async <T>(path: string): Promise<T> => JSON.parse((await one({ path })).text) as T;
const idle = () =>
  until('all streams are over', async () => (await json<ClusterView>('/api/v1/cluster')).totals.active_streams === 0);

function count(answers: StackAnswer[], pick: (answer: StackAnswer) => unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[String(pick(answer))] = (counts[String(pick(answer))] ?? 0) + 1;
  return counts;
}

/** The long form of the tests has more. */
const ROUNDS = process.env.WEIR_TEST_LONG === '1' ? 10 : 2;

describe('ten simultaneous streams of one user', () => {
  it.each([
    ['HTTP/1.1', one],
    ['HTTP/2', two],
  ])('over %s: nine stream, three on each instance, and one gets 429, time after time', async (_, request) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await provider.meet(10, request);
      expect(count(answers, (answer) => answer.status)).toEqual({ 200: 9, 429: 1 });
      const streamed = answers.filter((answer) => answer.status === 200);
      expect(count(streamed, (answer) => answer.headers['x-instance-id'])).toEqual({
        'app-1': 3,
        'app-2': 3,
        'app-3': 3,
      });
      for (const answer of streamed) expect(answer.text).toMatch(/event: complete[\s\S]*\[DONE\]\n\n$/);
      for (const answer of answers) expect(answer.headers['x-gateway-via']).toBe('nginx');
    }
  });
});

describe('./weir load', () => {
  it('reads nine and one, three per instance, of ten at once', async () => {
    const { outcomes, instances, via } = await stack.load(['-c', '10', '-n', '10']);
    expect(outcomes).toMatchObject({ ok: 9, 429: 1 });
    expect(Object.values(instances).map((each) => each.ok)).toEqual([3, 3, 3]);
    expect(via).toBe('nginx');
  });

  it('reads ten per instance, or a few more on the fastest one, of 30 at concurrency 9', async () => {
    const { outcomes, instances } = await stack.load(['-c', '9', '-n', '30']);
    expect(outcomes).toMatchObject({ ok: 30, 429: 0 });
    // Three times three each. The last three go where streams end first: to each one, unless an instance was starved.
    const shares = Object.values(instances).map(({ ok }) => ok);
    expect(shares).toHaveLength(3);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(9);
  });
});

describe('NGINX in front', () => {
  it('sends HTTP to HTTPS: 301 for GET, 308 for POST, to the port in use', async () => {
    const get = await fetch(`${stack.httpUrl}/api/v1/health?x=1`, { redirect: 'manual' });
    expect(get.status).toBe(301);
    expect(get.headers.get('location')).toBe(`${stack.url}/api/v1/health?x=1`);
    const post = await fetch(`${stack.httpUrl}/api/v1/stream`, { method: 'POST', body: '{}', redirect: 'manual' });
    expect(post.status).toBe(308);
    expect(post.headers.get('location')).toBe(`${stack.url}/api/v1/stream`);
  });

  it('passes tokens on one by one, with the gaps that the provider left', async () => {
    const pieces: number[] = [];
    const answer = await one({
      ...stream({ tokens: 20, tokens_per_second: 20, ttft_ms: 0 }),
      onData: (piece) => pieces.push(piece.split('event: chunk').length - 1),
    });
    expect(answer.text.match(/event: chunk/g)).toHaveLength(20);
    // Buffered, they would come in one or two pieces. A busy machine may join a few.
    expect(pieces.filter((chunks) => chunks > 0).length).toBeGreaterThan(14);
  });

  it('hides /metrics, answers in JSON, and lets no client forge its headers', async () => {
    const metrics = await one({ path: '/metrics' });
    expect(metrics.status).toBe(404);
    expect(JSON.parse(metrics.text)).toMatchObject({ error: 'not_found' });
    const forged = await one({
      ...stream({ tokens: 1, ttft_ms: 0 }),
      headers: { 'X-Real-IP': '9.9.9.9', 'X-Forwarded-For': '9.9.9.9' },
    });
    expect(forged.status).toBe(200);
    const all = await provider.meet(10, one, (at) => ({ 'X-Real-IP': `9.9.9.${at}` }));
    expect(count(all, (answer) => answer.status)).toEqual({ 200: 9, 429: 1 });
  });

  it('leaves an instance’s own refusals as they are, with the headers that a page needs', async () => {
    const answer = await one({
      path: '/api/v1/stream',
      body: { model: 'm' },
      headers: { Origin: stack.dashboard },
    });
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.text)).toMatchObject({ error: 'validation_error' });
    expect(answer.headers['access-control-allow-origin']).toBe(stack.dashboard);
    expect(answer.headers['x-gateway-via']).toBe('nginx');
    expect(answer.headers['x-upstream']).toBeTruthy();
  });
});

describe('a client that leaves, through NGINX', () => {
  beforeAll(idle);

  const chat = '/v1/chat/completions';
  const ours = '/api/v1/stream';
  it.each([
    ['HTTP/1.1, before the head', one, 'mock-hang-before-head', 'onSent', ours],
    ['HTTP/1.1, in the silence', one, 'mock-hang-after-head', 'onHead', ours],
    ['HTTP/1.1, in mid-stream', one, 'mock-10000x50', 'onData', ours],
    ['HTTP/2, before the head', two, 'mock-hang-before-head', 'onSent', ours],
    ['HTTP/2, in the silence', two, 'mock-hang-after-head', 'onHead', ours],
    ['HTTP/2, in mid-stream', two, 'mock-10000x50', 'onData', ours],
    ['HTTP/1.1, in mid-stream, at another API', one, 'mock-10000x50', 'onData', chat],
    ['HTTP/2, before the head, at another API', two, 'mock-hang-before-head', 'onSent', chat],
    ['HTTP/2, in mid-stream, at another API', two, 'mock-10000x50', 'onData', chat],
  ] as const)(
    'over %s: the provider’s call is cancelled and the slot is free',
    async (_, request, model, when, path) => {
      const reached = () => until('the provider has the call', () => provider.open === 1);
      const leave = async (cut: () => void) => {
        await reached();
        cut();
      };
      const hooks: Partial<StackRequest> =
        when === 'onData' ? { onData: (_piece, cut) => void leave(cut) } : { [when]: leave };
      const body =
        path === ours ? { query: 'hi', model, provider: 'openai' } : { model: `openai/${model}`, stream: true };
      const answer = await request({ path, body, ...hooks });
      expect(answer.text).not.toContain('[DONE]');
      await until('the call is cancelled', () => provider.open === 0);
      await idle();
    },
  );
});

describe('an instance that is killed in mid-stream', () => {
  it('cuts its own streams visibly, fails no new request, and is back with streams soon after', async () => {
    // A second try finds the victim of the first still down.
    await until('all three take streams', async () => {
      const round = await Promise.all(Array.from({ length: 3 }, () => one(stream({ tokens: 1, ttft_ms: 100 }))));
      return new Set(round.map((answer) => answer.headers['x-instance-id'])).size === 3;
    });
    await idle();
    // Asked now, as the command may take as long as the streams do.
    const victim = await stack.pid('app-2');
    // Heads are counted at the client: a question for the cluster's view, asked meanwhile, would take a place in turn.
    let heads = 0;
    const users = Array.from({ length: 6 }, () =>
      one({ ...stream({ tokens: 150, tokens_per_second: 50, ttft_ms: 0 }), onHead: () => (heads += 1) }),
    );
    await until('six streams run', () => heads === 6);
    process.kill(victim, 'SIGKILL');
    await until('it is dead', () => !existsSync(`/proc/${victim}`));
    // The user holds two streams on each of the other two: there is room for two more.
    const later = await Promise.all(Array.from({ length: 2 }, () => one(stream({ tokens: 5, ttft_ms: 0 }))));
    expect(count(later, (answer) => answer.status)).toEqual({ 200: 2 });
    const answers = await Promise.all(users);
    const broken = answers.filter((answer) => answer.headers['x-instance-id'] === 'app-2');
    expect(broken).toHaveLength(2);
    for (const answer of broken) {
      expect(answer.broken).toBeDefined();
      expect(answer.text).not.toContain('[DONE]');
    }
    for (const answer of answers.filter((each) => !broken.includes(each))) expect(answer.text).toContain('[DONE]');
    await until('the instance streams again', async () => {
      const round = await Promise.all(Array.from({ length: 3 }, () => one(stream({ tokens: 5, ttft_ms: 100 }))));
      expect(count(round, (answer) => answer.status)).toEqual({ 200: 3 });
      return round.some((answer) => answer.headers['x-instance-id'] === 'app-2');
    });
  });
});

it('a trace goes from the client through NGINX to the provider, and its span to the collector', async () => {
  const headers = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=opaque',
    'X-Thread-ID': 'traced',
  };
  await one({ path: '/api/v1/stream', headers, body: { query: 'Hi', model: 'mock-5x0', provider: 'openai' } });
  const span = await until('the span', () => collector.of('traced')[0]);
  expect(span).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
  expect(provider.requests.at(-1)?.headers).toMatchObject({
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-${span.spanId}-01`,
    tracestate: 'vendor=opaque',
  });
  // The others were not asked for.
  expect(collector.spans).toEqual([span]);
});

describe('the page of the API', () => {
  it('comes through NGINX with all that it loads, and nothing from elsewhere', async () => {
    const page = await one({ path: '/api/v1/docs' });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(loaded.filter((path) => !path.startsWith('/api/v1/docs/'))).toEqual([]);
    const parts = await Promise.all(loaded.map((path) => one({ path })));
    expect(count(parts, ({ status }) => status)).toEqual({ 200: loaded.length });
  });

  it('shows a document in which each operation says what it is, how it answers, and how it refuses', async () => {
    const document = await json<ApiDocument>('/api/v1/docs/json');
    expect(await json('/api/v1/openapi.json')).toEqual(document);
    const all = Object.entries(document.paths).flatMap(([path, each]) =>
      Object.entries(each).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    );
    expect(all.length).toBeGreaterThan(14);
    const answers = ({ responses }: Operation) => Object.keys(responses).some((status) => /^2/.test(status));
    const lacking = all.filter((each) => !each.summary || !answers(each) || !each.responses.default);
    expect(lacking.map(({ name }) => name)).toEqual([]);
    const withoutBody = all.filter(({ name, requestBody }) => name.startsWith('post ') && !requestBody);
    expect(withoutBody.map(({ name }) => name).sort()).toEqual([
      'post /api/v1/chat/{id}/stop',
      'post /v1/responses/{response_id}/cancel',
    ]);
    for (const code of Object.keys(ERROR_TABLE)) expect(document.info.description).toContain(`\`${code}\``);
  });
});

interface Operation {
  summary?: string;
  requestBody?: object;
  responses: Record<string, object>;
}

interface ApiDocument {
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
}
