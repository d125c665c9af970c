import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { groupUsage } from '../../src/formats/cluster/group_usage.ts';
import type { UsageRow, UsageView } from '../../src/formats/cluster/usage_row.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { Deployment } from '../support/deployment.ts';
import { endpointScript } from '../support/endpoint_frames.ts';
import { KeyFile } from '../support/key_file.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { chunkFrame, DONE_FRAME, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { readStream, resumable } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let file: KeyFile;
let deployment: Deployment;
let key: { text: string; id: string };
beforeAll(async () => {
  provider = await startMockOpenai({
    script: (request) => (request.body.model === 'cached' ? CACHED : endpointScript(request)),
    background: false,
  });
  file = new KeyFile();
  key = file.add();
  const config = path.join(path.dirname(file.path), 'weir.config.json');
  writeFileSync(
    config,
    JSON.stringify({
      providers: {
        mock: {
          base_url: provider.url,
          capabilities: { speaks: ['chat', 'messages'] },
          prices: { 'mock-20x0': { input: 1, output: 2 } },
        },
      },
      routes: { smart: { targets: [{ provider: 'mock', model: 'mock-20x0' }] } },
    }),
  );
  deployment = await Deployment.start({ instances: 2, env: { ...file.environment, WEIR_CONFIG: config } });
});
afterAll(async () => {
  await deployment.close();
  await provider.close();
  file.close();
});

/** An answer of which the provider had most of the prompt already. */
const usageOfCached = { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 8 } };
const CACHED: MockStep[] = [
  { head: 200, headers: SSE_HEADERS },
  { write: chunkFrame({ content: 'Yes.' }) + chunkFrame({}, 'stop') },
  { write: `data: ${JSON.stringify({ choices: [], usage: usageOfCached })}\n\n${DONE_FRAME}` },
];

const headers = () => ({ authorization: `Bearer ${key.text}`, 'content-type': 'application/json' });
const messages = [{ role: 'user', content: 'hi' }];

async function ask(at: number, route: string, body: object): Promise<string> {
  const answer = await fetch(`${deployment.url(at)}${route}`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify(body),
  });
  return answer.text();
}

/** A client that leaves when it has read a few tokens. */
async function leave(at: number, route: string, body: object): Promise<void> {
  const raw = rawConnection(deployment.at(at).port, streamPost(body, headers(), route));
  await until('some tokens came', () => raw.received().split('word').length > 5);
  raw.socket.destroy();
  await until('the provider is rid of it', () => provider.open === 0);
}

/** Undefined while Redis does not answer. */
async function usage(at = 0): Promise<UsageView | undefined> {
  const answer = await shortRequest({ socket: deployment.peerSocket(at), path: '/usage/7' });
  return answer.status === 200 ? (JSON.parse(answer.body) as UsageView) : undefined;
}

/** Rows by model, once they hold so many requests in all. */
async function rowsOf(requests: number): Promise<Map<string, UsageRow>> {
  const { rows } = await until(`${requests} requests are written`, async () => {
    const view = await usage();
    const all = groupUsage(view?.rows ?? [], 'day').reduce((sum, group) => sum + group.requests, 0);
    return all >= requests ? view : undefined;
  });
  return new Map(rows.map((row) => [`${row.provider}/${row.model}`, row]));
}

it('streams and whole answers of all endpoints and instances are counted by key, model and end', async () => {
  const long = { model: 'mock/mock-100000x50', messages, stream: true };
  // Reported, estimated, whole, and by way of a route.
  expect(await ask(0, '/api/v1/stream', { query: 'hi', provider: 'mock', model: 'mock-20x0' })).toContain('[DONE]');
  await ask(1, '/v1/chat/completions', { model: 'mock/mock-30x0', messages, stream: true });
  await ask(1, '/v1/chat/completions', { model: 'mock/mock-20x0', messages });
  await ask(0, '/v1/chat/completions', {
    model: 'smart',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(
    await ask(0, '/api/v1/stream', { query: 'hi', provider: 'mock', model: 'mock-20x0', resumable: true }),
  ).toContain('[DONE]');
  await ask(1, '/v1/chat/completions', { model: 'mock/cached', messages, stream: true });
  // Left early, at two endpoints; and failed before and after the head.
  await leave(0, '/v1/chat/completions', long);
  await leave(1, '/api/v1/stream', { query: 'hi', provider: 'mock', model: 'mock-100000x50' });
  await ask(0, '/api/v1/stream', { query: 'hi', provider: 'mock', model: 'mock-no-finish' });
  await ask(1, '/v1/chat/completions', { model: 'mock/mock-401', messages, stream: true });
  // Counting tokens costs none.
  expect(await ask(0, '/v1/messages/count_tokens', { model: 'mock/count', messages })).toBe('{"input_tokens":14}');
  // What the doctor asks for is no usage.
  expect(await ask(0, '/api/v1/stream', { query: 'hi', provider: 'fake', model: 'doctor' })).toContain('[DONE]');
  expect(await ask(0, '/api/v1/stream', { query: 'hi', provider: 'fake', model: 'demo' })).toContain('[DONE]');
  // Refused before it was admitted: no usage.
  await ask(1, '/v1/chat/completions', { model: 'mock/', messages });

  const rows = await rowsOf(12);
  expect([...rows.keys()].filter((name) => name.startsWith('fake/'))).toEqual(['fake/demo']);
  const about = { key: key.id, provider: 'mock', estimated_tokens: 0 };
  // Three answers of 7 and 20 tokens, at 1 and 2 USD a million.
  expect(rows.get('mock/mock-20x0')).toMatchObject({
    ...about,
    ok: 3,
    cancelled: 0,
    failed: 0,
    input_tokens: 21,
    output_tokens: 60,
    cost_usd: 0.000141,
  });
  expect(rows.get('mock/smart')).toMatchObject({
    ...about,
    ok: 1,
    input_tokens: 7,
    output_tokens: 20,
    cost_usd: 0.000047,
  });
  const estimated = rows.get('mock/mock-30x0') as UsageRow;
  expect(estimated).toMatchObject({ ok: 1, output_tokens: 30, cost_usd: null });
  expect(estimated.estimated_tokens).toBe(estimated.input_tokens + estimated.output_tokens);
  const left = rows.get('mock/mock-100000x50') as UsageRow;
  expect(left).toMatchObject({ ok: 0, cancelled: 2, failed: 0 });
  expect(left.output_tokens).toBeGreaterThan(5);
  expect(left.estimated_tokens).toBe(left.input_tokens + left.output_tokens);
  expect(rows.get('mock/mock-no-finish')).toMatchObject({ ok: 0, cancelled: 0, failed: 1 });
  expect(rows.get('mock/mock-401')).toMatchObject({ failed: 1, input_tokens: 0, output_tokens: 0 });
  expect(rows.get('mock/count')).toMatchObject({ ok: 1, input_tokens: 0, output_tokens: 0, estimated_tokens: 0 });
  expect(rows.get('mock/cached')).toMatchObject({ ok: 1, input_tokens: 9, cached_input_tokens: 8 });
  expect(rows.size).toBe(9);
});

it('metrics name the models of the configuration, and no key', async () => {
  const text = async (at: number) => (await fetch(`${deployment.url(at)}/metrics`)).text();
  const first = await text(0);
  expect(first).toContain('weir_tokens_total{direction="output",provider="mock",model="smart"} 20');
  expect(first).toContain('weir_tokens_total{direction="input",provider="mock",model="mock-20x0"} 14');
  // Any name that a client sends goes under one.
  expect(await text(1)).toMatch(/weir_tokens_total\{direction="output",provider="mock",model="other"\} \d+/);
  expect((first + (await text(1))).includes(key.id)).toBe(false);
});

it('every counter has a time to live', async () => {
  const keys = (await deployment.redis.cli('keys', 'weir:usage:*')).split('\n');
  expect(keys).toHaveLength(2);
  for (const name of keys) expect(Number(await deployment.redis.cli('ttl', name))).toBeGreaterThan(89 * 86_400);
});

it('a stream whose instance is killed is counted once, by the instance that ends it, with all of its text', async () => {
  const body = resumable({ seed: 7, tokens: 60, tokens_per_second: 60 });
  const request = { method: 'POST', headers: { ...headers(), 'x-thread-id': 'survivor' }, body: JSON.stringify(body) };
  const reading = await readStream(`${deployment.url(0)}/api/v1/stream`, request);
  await until('it is under way', () => reading.events.length > 5);
  await deployment.kill(0);
  const rest = await readStream(`${deployment.url(1)}/api/v1/stream/survivor`, { headers: headers() });
  expect(await rest.ended).toBe('ended');
  const row = await until('it is written', async () =>
    (await usage(1))?.rows.find(({ model }) => model === body.model),
  );
  expect(row).toMatchObject({
    provider: 'fake',
    ok: 1,
    cancelled: 0,
    failed: 0,
    output_tokens: 60,
    estimated_tokens: 0,
  });
  await deployment.boot(0);
});

it('is written when an instance leaves, and when Redis is back', async () => {
  const fake = { query: 'hi', provider: 'fake', model: 'demo', fake: { tokens: 5, tokens_per_second: 0, ttft_ms: 0 } };
  await deployment.redis.kill();
  await Promise.all([1, 2, 3].map(() => ask(0, '/api/v1/stream', fake)));
  expect((await shortRequest({ socket: deployment.peerSocket(0), path: '/usage/7' })).status).toBe(503);
  await deployment.redis.start();
  const demo = async () => (await usage())?.rows.find(({ model }) => model === 'demo');
  await until('all three are written', async () => (await demo())?.ok === 3);

  await ask(1, '/api/v1/stream', fake);
  deployment.at(1).process.kill('SIGTERM');
  expect(await deployment.at(1).exited).toBe(0);
  expect(await demo()).toMatchObject({ ok: 4 });
});
