import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UsageRow, UsageView } from '../../src/formats/cluster/usage_row.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { Deployment } from '../support/deployment.ts';
import { askEndpoint, type EndpointAnswer } from '../support/endpoint_answer.ts';
import { type MockOpenai, type MockRequest, startMockOpenai } from '../support/mock_openai.ts';
import { numberedTales } from '../support/numbered_tales.ts';
import { along, type RouteFile, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let config: RouteFile;
let deployment: Deployment;

beforeAll(async () => {
  provider = await startMockOpenai({ script: numberedTales() });
  const kept = (name: string, ttl_seconds = 600) => ({ ...along(name), cache: { ttl_seconds } });
  config = routeFile({
    providers: { ours: { base_url: provider.url, capabilities: { speaks: ['chat', 'messages'] } } },
    routes: {
      tale: kept('ours/tale'),
      slow: kept('ours/slow-tale'),
      patient: kept('ours/patient-tale'),
      endless: kept('ours/endless-tale'),
      filtered: kept('ours/filtered-tale'),
      long: kept('ours/long-tale'),
      cut: kept('ours/mock-reset'),
      failing: kept('ours/mock-401'),
      brief: kept('ours/tale', 2),
      local: kept('fake/demo'),
      plain: along('ours/tale'),
    },
  });
  deployment = await Deployment.start({ instances: 2, env: { WEIR_CONFIG: config.file } });
});
afterAll(async () => {
  await deployment?.close();
  config?.[Symbol.dispose]();
  await provider?.close();
});

let asked = 0;
/** A question that was never asked. */
const question = () => `question ${++asked}`;
const times = (text: string) => provider.requests.filter(({ raw }) => raw.includes(`${text}"`)).length;
const from = (user: number) => ({ 'X-Real-IP': `10.0.0.${user}` });

type Ask = (at: number, model: string, text: string, user?: number, more?: object) => Promise<EndpointAnswer>;
const stream: Ask = (at, model, query, user = 1, more = {}) =>
  askEndpoint(deployment.url(at), '/api/v1/stream', { query, model, ...more }, from(user));
const chat: Ask = (at, model, content, user = 1, more = {}) => {
  const body = { model, messages: [{ role: 'user', content }], stream: true, ...more };
  return askEndpoint(deployment.url(at), '/v1/chat/completions', body, from(user));
};
const whole: Ask = (at, model, text, user, more) => chat(at, model, text, user, { stream: false, ...more });

const kind = ({ headers }: EndpointAnswer) => headers.get('x-weir-cache');
/** What was said, and what can't depend on when it was. */
function said({ text }: EndpointAnswer) {
  const data = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json as string));
  const { sha256, chunk_count, total_length, usage, finish_reason } = data.at(-1);
  return { content: data.map(({ content }) => content ?? ''), sha256, chunk_count, total_length, usage, finish_reason };
}

describe.each([
  ['/api/v1/stream', stream],
  ['/v1/chat/completions', chat],
  ['/v1/chat/completions, whole', whole],
])('an equal request at %s', (path, ask) => {
  const same = (answer: EndpointAnswer) => (path === '/api/v1/stream' ? said(answer) : answer.text);

  it('is given the same answer on another instance, and the provider is not asked', async () => {
    const text = question();
    const first = await ask(0, 'tale', text);
    expect([first.status, kind(first)]).toEqual([200, 'miss']);
    const again = await until('it is kept', () =>
      ask(1, 'tale', text).then((it) => (kind(it) === 'hit' ? it : undefined)),
    );
    expect(same(again)).toEqual(same(first));
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(again.headers.get('x-thread-id')).not.toBe(first.headers.get('x-thread-id'));
  });

  it('of another user, or with another parameter, is another one', async () => {
    const text = question();
    await ask(0, 'tale', text);
    expect(kind(await ask(0, 'tale', text, 2))).toBe('miss');
    expect(kind(await ask(0, 'tale', text, 1, { temperature: 0.5 }))).toBe('miss');
    expect(kind(await ask(0, 'tale', text))).toBe('hit');
    expect(times(text)).toBe(3);
  });

  it('along a route without a cache is asked again', async () => {
    const text = question();
    expect(kind(await ask(0, 'plain', text))).toBeNull();
    expect(kind(await ask(0, 'plain', text))).toBeNull();
    expect(times(text)).toBe(2);
  });
});

describe.each([
  ['/api/v1/stream', stream],
  ['/v1/chat/completions', chat],
])('at %s', (path, ask) => {
  it('twenty equal requests at once are one call of the provider', async () => {
    const text = question();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(0, 'slow', text)));
    expect(times(text)).toBe(1);
    expect(answers.map(kind).sort()).toEqual(['miss', ...Array(19).fill('shared')]);
    const texts = answers.map((answer) => (path === '/api/v1/stream' ? said(answer).sha256 : answer.text));
    expect(new Set(texts).size).toBe(1);
    expect(answers.every((answer) => answer.text.endsWith('data: [DONE]\n\n'))).toBe(true);
  });

  it.each([
    ['cut', 'is cut off'],
    ['filtered', 'a filter ended'],
    ['failing', 'is a refusal'],
  ])('what %s (it %s) is not kept', async (model) => {
    const text = question();
    const first = await ask(0, model, text);
    expect(kind(await ask(0, model, text))).toBe(first.status === 200 ? 'miss' : kind(first));
    expect(times(text)).toBe(2);
  });

  it('an answer longer than what is kept comes whole to all, and is asked again', async () => {
    const text = question();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(0, 'long', text)));
    for (const answer of answers) expect(answer.text.length).toBeGreaterThan(1024 * 1024);
    expect(answers.every((answer) => answer.text.endsWith('data: [DONE]\n\n'))).toBe(true);
    const before = times(text);
    expect(kind(await ask(0, 'long', text))).toBe('miss');
    expect(times(text)).toBe(before + 1);
  });
});

describe('clients of a shared answer', () => {
  /** Of a route, once so many requests of it have ended. */
  async function usage(route: string, requests: number): Promise<UsageRow> {
    return until('it is written', async () => {
      const { body } = await shortRequest({ socket: deployment.peerSocket(0), path: '/usage/2' });
      const row = (JSON.parse(body) as UsageView).rows.find(({ model }) => model === route);
      return row && row.ok + row.cancelled + row.failed >= requests ? row : undefined;
    });
  }

  /** Reads until the first content, and can leave then. */
  async function open(text: string, model = 'endless') {
    const leave = new AbortController();
    const response = await fetch(`${deployment.url(0)}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...from(1) },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: text }], stream: true }),
      signal: leave.signal,
    });
    await response.body?.getReader().read();
    return { kind: response.headers.get('x-weir-cache'), leave: () => leave.abort() };
  }

  it('end it when the last one leaves, and not when the first one does', async () => {
    const text = question();
    const first = await open(text);
    const second = await open(text);
    const third = await open(text);
    expect([first.kind, second.kind, third.kind]).toEqual(['miss', 'shared', 'shared']);
    const call = provider.requests.at(-1) as MockRequest;
    first.leave();
    second.leave();
    await until('they are gone', async () => (await deployment.slots(0)) === 1);
    expect(call.closedEarlyAt).toBeUndefined();
    third.leave();
    await until('the call is cancelled', () => call.closedEarlyAt !== undefined);
    await until('their slots are free', async () => (await deployment.slots(0)) === 0);
    expect(times(text)).toBe(1);
    // What was said is counted for the last of them.
    expect(await usage('endless', 3)).toMatchObject({ cancelled: 3, output_tokens: 1 });
  });

  it('are counted once, with all that was said, when the one that asked first leaves', async () => {
    const text = question();
    const first = await open(text, 'patient');
    const others = [chat(0, 'patient', text), chat(0, 'patient', text)];
    await until('all have a slot', async () => (await deployment.slots(0)) === 3);
    first.leave();
    for (const answer of await Promise.all(others)) expect(kind(answer)).toBe('shared');
    expect(times(text)).toBe(1);
    expect(kind(await chat(0, 'patient', text))).toMatch(/hit|shared/);
    const counts = { ok: 3, cancelled: 1, input_tokens: 7, output_tokens: 3, estimated_tokens: 0 };
    expect(await usage('patient', 4)).toMatchObject(counts);
  });
});

it.each([
  ['/api/v1/stream', { query: 'Who is there?' }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Who is there?' }], stream: true }],
])('a client at %s that leaves while Redis is asked leaves nothing behind', async (path, body) => {
  // Longer than Redis is waited for.
  await deployment.redis.cli('CLIENT', 'PAUSE', '500');
  const leave = new AbortController();
  const left = fetch(`${deployment.url(0)}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...from(1) },
    body: JSON.stringify({ model: 'endless', ...body }),
    signal: leave.signal,
  }).catch(() => 'left');
  await until('it has its slot', async () => (await deployment.slots(0)) === 1);
  leave.abort();
  expect(await left).toBe('left');
  await until('its slot is free', async () => (await deployment.slots(0)) === 0 && provider.open === 0);
  await deployment.redis.cli('CLIENT', 'UNPAUSE');
  expect(deployment.errors()).toEqual([]);
});

describe('what is kept', () => {
  it('is over after its time', async () => {
    const text = question();
    await chat(0, 'brief', text);
    expect(kind(await chat(0, 'brief', text))).toMatch(/hit|shared/);
    await until('it is over', async () => kind(await chat(0, 'brief', text)) === 'miss');
  });

  it('is of the provider in this process too, in whichever shape', async () => {
    const fake = { seed: 3, tokens: 5, ttft_ms: 0, tokens_per_second: 0 };
    const text = question();
    const streamed = await chat(0, 'local', text, 1, { fake });
    const answer = await whole(1, 'local', text, 1, { fake });
    expect([kind(streamed), kind(answer)]).toEqual(['miss', 'hit']);
    const pieces = [...streamed.text.matchAll(/"delta":(\{"content":.*?\})/g)].map(([, json]) =>
      JSON.parse(json as string),
    );
    expect(JSON.parse(answer.text).choices[0].message.content).toBe(pieces.map(({ content }) => content).join(''));
  });

  it('is of one endpoint: an equal body at another asks for something else', async () => {
    const body = { model: 'tale', messages: [{ role: 'user', content: question() }] };
    const ask = (path: string) => askEndpoint(deployment.url(0), path, body, from(1));
    const message = await ask('/v1/messages');
    await until('it is kept', async () => kind(await ask('/v1/messages')) === 'hit');
    const count = await ask('/v1/messages/count_tokens');
    expect(kind(count)).toBe('miss');
    expect(count.text).not.toBe(message.text);
  });

  it('is not asked for by a resumable stream', async () => {
    const text = question();
    await stream(0, 'tale', text);
    const resumable = await stream(0, 'tale', text, 1, { resumable: true });
    expect([resumable.status, kind(resumable)]).toEqual([200, null]);
    expect(times(text)).toBe(2);
  });

  it('is counted', async () => {
    const metrics = await (await fetch(`${deployment.url(0)}/metrics`)).text();
    for (const result of ['hit', 'miss', 'shared']) {
      expect(Number(new RegExp(`weir_cache_total\\{result="${result}"\\} (\\d+)`).exec(metrics)?.[1])).toBeGreaterThan(
        0,
      );
    }
  });

  it('is missed while Redis is away, and clients notice nothing', async () => {
    const text = question();
    await chat(0, 'tale', text);
    // A request that comes while the first answer is being kept shares it.
    await until('it is kept', async () => kind(await chat(0, 'tale', text)) === 'hit');
    await deployment.redis.kill();
    const answer = await chat(0, 'tale', text);
    expect([answer.status, kind(answer)]).toEqual([200, 'miss']);
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(deployment.errors()).toEqual([]);
  });
});
