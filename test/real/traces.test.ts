import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEndpoint } from '../support/endpoint_answer.ts';
import { startInstance } from '../support/instance.ts';
import type { MockRequest } from '../support/mock_openai.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp_receiver.ts';
import { along, routeFile } from '../support/route_files.ts';
import { goOn, startPair, startStory, type TakeoverPair, terminal } from '../support/takeover_pair.ts';
import { until } from '../support/until.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'vendor=opaque' };

let collector: OtlpReceiver;
let pair: TakeoverPair;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  pair = await startPair({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OPENAI_CONTINUATION: 'prefix',
    DRAIN_SECONDS: '1',
  });
});
afterAll(async () => {
  await pair?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
});

const asked = () => pair.provider.requests.at(-1) as MockRequest;
const spanOf = async (threadId: string): Promise<ReceivedSpan> =>
  until('the span', () => collector.of(threadId).at(-1));
const chat = (model: string, more = {}) => ({ model, messages: [{ role: 'user', content: 'Hi' }], ...more });
const stream = (body: object, headers = {}) => askEndpoint(pair.heir.url, '/api/v1/stream', body, headers);

describe('a stream', () => {
  it('is one span: a part of the client’s trace, with model, provider, tokens, first token and end', async () => {
    const body = { query: 'Hi', model: 'mock-5x0', provider: 'openai' };
    await stream(body, { ...CLIENT, 'X-Thread-ID': 'plain' });
    const span = await spanOf('plain');
    expect(span).toMatchObject({
      traceId: TRACE,
      parentSpanId: 'b7ad6b7169203331',
      traceState: 'vendor=opaque',
      name: 'chat mock-5x0',
      status: 0,
      links: [],
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'mock-5x0',
        'gen_ai.request.stream': true,
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 5,
        'weir.door': 'weir',
        'weir.outcome': 'ok',
      },
      resource: { 'service.name': 'weir', 'service.instance.id': 'heir', 'deployment.environment.name': 'test' },
    });
    const first = span.attributes['gen_ai.response.time_to_first_chunk'] as number;
    expect(first).toBeGreaterThan(0);
    expect(first * 1000).toBeLessThanOrEqual(span.duration);
    expect(collector.of('plain')).toHaveLength(1);
  });

  it('takes its trace along to the provider', async () => {
    await stream({ query: 'Hi', model: 'mock-5x0', provider: 'openai' }, { ...CLIENT, 'X-Thread-ID': 'along' });
    const { spanId } = await spanOf('along');
    expect(asked().headers).toMatchObject({ traceparent: `00-${TRACE}-${spanId}-01`, tracestate: 'vendor=opaque' });
  });

  it.each([
    ['no context', {}],
    ['an absurd one', { traceparent: '00-nonsense-01' }],
  ])('of a request with %s begins a trace of its own', async (name, headers) => {
    const id = name.replaceAll(' ', '-');
    await stream(
      { query: 'Hi', model: 'demo', provider: 'fake', fake: { tokens: 3, ttft_ms: 0 } },
      { ...headers, 'X-Thread-ID': id },
    );
    const span = await spanOf(id);
    expect(span.parentSpanId).toBeUndefined();
    expect(span.traceId).not.toBe(TRACE);
    expect(span.attributes).toMatchObject({ 'gen_ai.provider.name': 'fake', 'weir.outcome': 'ok' });
  });

  it.each([
    [
      'chat',
      '/v1/chat/completions',
      chat('openai/mock-5x0', { stream: true, stream_options: { include_usage: true } }),
    ],
    ['chat', '/v1/chat/completions', chat('fake/demo', { stream: true, fake: { tokens: 5, ttft_ms: 0 } })],
  ])('at the endpoint %s (%s, %o) is one too', async (endpoint, path, body) => {
    const { headers } = await askEndpoint(pair.heir.url, path, body, CLIENT);
    expect(await spanOf(headers.get('x-thread-id') as string)).toMatchObject({
      traceId: TRACE,
      attributes: {
        'weir.door': endpoint,
        'weir.outcome': 'ok',
        'gen_ai.request.stream': true,
        'gen_ai.usage.output_tokens': 5,
        'gen_ai.response.finish_reasons': ['stop'],
      },
    });
  });

  it.each([
    ['/v1/chat/completions', 'openai/mock-5x0', 'chat'],
    ['/v1/embeddings', 'openai/embed', 'embeddings'],
  ])('that is none, at %s, is one as well', async (path, model, operation) => {
    const { headers } = await askEndpoint(pair.heir.url, path, chat(model), CLIENT);
    const span = await spanOf(headers.get('x-thread-id') as string);
    expect(span).toMatchObject({ traceId: TRACE, name: `${operation} ${model.split('/')[1]}` });
    expect(span.attributes).toMatchObject({ 'gen_ai.request.stream': false, 'gen_ai.usage.input_tokens': 7 });
    expect(asked().headers.traceparent).toBe(`00-${TRACE}-${span.spanId}-01`);
  });

  it.each([
    ['mock-500', 'upstream_error'],
    ['mock-reset', 'upstream_truncated'],
  ])('whose provider fails (%s) ends as %s', async (model, code) => {
    await stream({ query: 'Hi', model, provider: 'openai' }, { 'X-Thread-ID': code });
    const span = await spanOf(code);
    expect(span).toMatchObject({ status: 2, attributes: { 'error.type': code, 'weir.outcome': code } });
  });

  it('whose client leaves ends too, and not as an error', async () => {
    const leave = new AbortController();
    const answer = await fetch(`${pair.heir.url}/api/v1/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Thread-ID': 'left' },
      body: JSON.stringify({ query: 'Hi', model: 'mock-500x50', provider: 'openai' }),
      signal: leave.signal,
    });
    await answer.body?.getReader().read();
    leave.abort();
    expect(await spanOf('left')).toMatchObject({ status: 0, attributes: { 'weir.outcome': 'cancelled' } });
  });
});

it.each([
  ['/api/v1/stream', { query: 'Hi', model: 'careful' }],
  ['/v1/chat/completions', chat('careful', { stream: true })],
])('along a route at %s each try and the way to the next provider are events of the one span', async (path, body) => {
  const providers = { ours: { base_url: pair.provider.url } };
  using config = routeFile({ providers, routes: { careful: along('ours/mock-500', 'ours/mock-5x0') } });
  const routed = await pair.start('routed', { WEIR_CONFIG: config.file, DEFAULT_PROVIDER: '' });
  const id = `routed-${path.split('/')[1]}`;
  await askEndpoint(routed.url, path, body, { ...CLIENT, 'X-Thread-ID': id });
  const span = await spanOf(id);
  expect(span).toMatchObject({
    traceId: TRACE,
    name: 'chat mock-5x0',
    attributes: { 'weir.route': 'careful', 'gen_ai.request.model': 'mock-5x0', 'weir.outcome': 'ok' },
  });
  expect(span.events.map(({ name }) => name)).toEqual(['weir.retry', 'weir.retry', 'weir.failover']);
  expect(span.events.at(-1)?.attributes).toEqual({
    'weir.failover.provider': 'ours',
    'weir.failover.model': 'mock-500',
    'weir.failover.attempt': 3,
    'weir.failover.reason': 'status_500',
  });
  const heard = pair.provider.requests.slice(-4).map(({ headers }) => headers.traceparent);
  expect(heard).toEqual(Array(4).fill(`00-${TRACE}-${span.spanId}-01`));
});

describe('a resumable stream', () => {
  it('that is handed over in a drain is two spans, and both arrive before the process is gone', async () => {
    // It hands over at once: its stream of three seconds can't end before, however slow this machine is.
    const leaving = await pair.start('leaving', { OTEL_BSP_SCHEDULE_DELAY: '3600000', DRAIN_SECONDS: '0' });
    const first = await startStory(leaving, 'story-300x100');
    const { threadId } = first;
    leaving.process.kill('SIGTERM');
    expect(await leaving.exited).toBe(0);
    const [before] = collector.of(threadId);
    expect(before).toMatchObject({ attributes: { 'weir.outcome': 'producer_lost' } });
    expect(before?.events).toMatchObject([{ name: 'weir.handover' }]);
    await first.over;
    await (await goOn(pair.heir, first)).over;
    const after = await until('the heir’s span', () => collector.of(threadId)[1]);
    expect(after.links).toEqual([{ traceId: before?.traceId, spanId: before?.spanId }]);
    expect(after).toMatchObject({ traceId: before?.traceId, attributes: { 'weir.outcome': 'ok' } });
  });

  it('whose instance is killed goes on in a span that is linked to the dead one’s', async () => {
    const first = await startStory(pair.owner, 'story-150x100');
    const { traceparent } = asked().headers;
    await until('20 chunks', () => first.events.filter(({ event }) => event === 'chunk').length >= 20);
    pair.owner.process.kill('SIGKILL');
    await first.over;
    const second = await goOn(pair.heir, first);
    await second.over;
    expect(terminal(first, second)).toMatchObject({ event: 'complete' });
    const [, traceId, spanId] = (traceparent as string).split('-');
    const span = await spanOf(first.threadId);
    expect(span).toMatchObject({ traceId, parentSpanId: spanId, attributes: { 'weir.outcome': 'ok' } });
    expect(span.links).toEqual([{ traceId, spanId }]);
    expect(span.events).toMatchObject([{ name: 'weir.takeover' }]);
    expect(span.events[0]?.attributes['weir.takeover.chunks']).toBeGreaterThanOrEqual(20);
    expect(asked().headers.traceparent).toBe(`00-${traceId}-${span.spanId}-01`);
  });
});

describe('without configuration of traces', () => {
  /** Addresses of the modules that an instance loads, a stream included. */
  async function loadedModules(environment: Record<string, string>): Promise<string[]> {
    const folder = mkdtempSync(path.join(tmpdir(), 'weir-modules-'));
    const file = path.join(folder, 'modules');
    const hook = path.resolve('test/support/list_modules.ts');
    const instance = await startInstance({ NODE_OPTIONS: `--import ${hook}`, MODULES_FILE: file, ...environment });
    await askEndpoint(instance.url, '/api/v1/stream', { query: 'Hi', model: 'demo', fake: { tokens: 3, ttft_ms: 0 } });
    await instance.stop();
    const modules = readFileSync(file, 'utf8').split('\n');
    rmSync(folder, { recursive: true });
    return modules;
  }
  const telemetry = (modules: string[]) => modules.filter((url) => /@opentelemetry\/|\/adapters\/traces\//.test(url));

  it('nothing of OpenTelemetry is loaded, nor what is not used of other libraries', async () => {
    const modules = await loadedModules({});
    expect(modules.filter((url) => /\/(undici|prom-client)\/index\.js|\/ioredis\//.test(url))).toEqual([]);
    expect(modules.some((url) => url.includes('/src/gateway/load_tracer.ts'))).toBe(true);
    expect(telemetry(modules)).toEqual([]);
    expect(telemetry(await loadedModules({ OTEL_TRACES_EXPORTER: 'otlp' })).length).toBeGreaterThan(10);
  });
});

it('a collector that is away costs a line of the log, and no stream', async () => {
  const instance = await startInstance({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_EXPORTER_OTLP_TIMEOUT: '100',
  });
  const body = { query: 'Hi', model: 'demo', fake: { tokens: 3, ttft_ms: 0 } };
  expect((await askEndpoint(instance.url, '/api/v1/stream', body)).text).toContain('[DONE]');
  await until('the line', () => instance.lines.some(({ event, level }) => event === 'Traces' && level === 'warn'));
  instance.process.kill('SIGTERM');
  expect(await instance.exited).toBe(0);
});
