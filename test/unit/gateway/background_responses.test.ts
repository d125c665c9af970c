import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { BadRequestError, ConflictError, NotFoundError } from 'openai';
import type { Response as OpenAiResponse, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { type RouteFile, routeFile } from '../../support/route_files.ts';
import { until } from '../../support/until.ts';

let gateway: Gateway;
let baseURL: string;
let client: OpenAI;
let provider: Server;
let routes: RouteFile;
/** What the provider was asked. */
let bodies: Record<string, unknown>[] = [];
beforeAll(async () => {
  provider = createServer(async (request, response) => {
    const body = (await Array.fromAsync(request)).join('');
    bodies.push(JSON.parse(body || '{}') as Record<string, unknown>);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(PROVIDER_EVENTS.map((event, sequence_number) => frame({ ...event, sequence_number })).join(''));
  });
  await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const speaks = ['responses'];
  routes = routeFile({
    providers: {
      plain: { base_url, capabilities: { speaks } },
      runs: { base_url, capabilities: { speaks, continuation: 'responses' } },
    },
    routes: { kept: { targets: [{ provider: 'plain', model: 'm' }], resumable: true } },
  });
  const config = { LOG_LEVEL: 'error', TRUSTED_PROXIES: '127.0.0.1', WEIR_CONFIG: routes.file };
  const started = await startGateway(config);
  gateway = started.gateway;
  baseURL = `${started.url}/v1`;
  client = clientAt('10.0.0.1');
});
afterAll(async () => {
  await stopGateway(gateway);
  provider.close();
  routes[Symbol.dispose]();
});

const frame = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
const ITEM = { id: 'msg_1', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
const PART = { type: 'output_text', text: '', annotations: [] };
const PLACE = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const WHOLE = { ...ITEM, status: 'completed', content: [{ ...PART, text: 'Hi there' }] };
const ITS_OWN = 'resp_of_the_provider';
/** A response of a provider. */
const PROVIDER_EVENTS = [
  { type: 'response.created', response: { id: ITS_OWN, object: 'response', status: 'in_progress', output: [] } },
  { type: 'response.output_item.added', output_index: 0, item: ITEM },
  { type: 'response.content_part.added', ...PLACE, part: PART },
  { type: 'response.output_text.delta', ...PLACE, delta: 'Hi there' },
  { type: 'response.output_text.done', ...PLACE, text: 'Hi there' },
  { type: 'response.content_part.done', ...PLACE, part: { ...PART, text: 'Hi there' } },
  { type: 'response.output_item.done', output_index: 0, item: WHOLE },
  { type: 'response.completed', response: { id: ITS_OWN, object: 'response', status: 'completed', output: [WHOLE] } },
];

const clientAt = (address: string) =>
  new OpenAI({ baseURL, apiKey: 'x', maxRetries: 0, defaultHeaders: { 'X-Real-IP': address } });

/** Knobs of the fake provider are no field of OpenAI's. */
const asked = (fake: object, more: object = {}) =>
  ({ model: 'fake/demo', input: 'hi', background: true, fake: { ttft_ms: 0, ...fake }, ...more }) as const;
const fast = (text: string, more: object = {}) => asked({ text, tokens_per_second: 0 }, more);
/** Goes on until it is cancelled. */
const ENDLESS = asked({ tokens: 100_000, tokens_per_second: 20 });

async function begin(body: object): Promise<OpenAiResponse> {
  return client.responses.create(body as never) as Promise<OpenAiResponse>;
}

async function ended(id: string): Promise<OpenAiResponse> {
  let response = await client.responses.retrieve(id);
  await until('it is over', async () => {
    response = await client.responses.retrieve(id);
    return response.status !== 'queued' && response.status !== 'in_progress';
  });
  return response;
}

async function events(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  return Array.fromAsync(stream);
}

const thrownBy = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => expect.fail('it went well'),
    (error) => error,
  );

describe('a response that runs in the background', () => {
  it('answers at once, goes on without its client, and is there when it is over', async () => {
    const begun = await begin(fast('Grüße 🌉 zusammen', { instructions: 'Be kind', metadata: { a: 'b' } }));
    expect(begun.id).toMatch(/^resp_/);
    expect(['queued', 'in_progress', 'completed']).toContain(begun.status);
    expect(begun).toMatchObject({ object: 'response', background: true, store: true, error: null, tools: [] });
    const whole = await ended(begun.id);
    expect(whole).toMatchObject({
      id: begun.id,
      created_at: begun.created_at,
      status: 'completed',
      output_text: 'Grüße 🌉 zusammen',
      instructions: 'Be kind',
      metadata: { a: 'b' },
      usage: { output_tokens: expect.any(Number) },
    });
  });

  it('is a stream, and the same stream again, whole and after each of its events', async () => {
    const body = asked({ text: 'a b c', reasoning_tokens: 2, tool_calls: 1, tokens_per_second: 0 }, { stream: true });
    const first = await events((await client.responses.create(body as never)) as never);
    expect(first.slice(0, 3).map(({ type }) => type)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
    ]);
    const numbers = first.map((event) => (event as { sequence_number: number }).sequence_number);
    expect(numbers).toEqual(first.map((_, index) => index));
    const { id } = (first[0] as { response: OpenAiResponse }).response;
    expect(await events(await client.responses.retrieve(id, { stream: true }))).toEqual(first);
    for (const starting_after of numbers) {
      const rest = await events(await client.responses.retrieve(id, { stream: true, starting_after }));
      expect(rest).toEqual(first.slice(starting_after + 1));
    }
    expect(await events(await client.responses.retrieve(id, { stream: true, starting_after: 9999 }))).toEqual([]);
    const helped = await client.responses.stream({ response_id: id, starting_after: 5 }).finalResponse();
    expect(helped).toMatchObject({ id, status: 'completed', output_text: 'a b c' });
    const retrieved = await client.responses.retrieve(id);
    expect(retrieved.output).toMatchObject([{ type: 'reasoning' }, { type: 'message' }, { type: 'function_call' }]);
    expect((first.at(-1) as { response: OpenAiResponse }).response.output).toEqual(retrieved.output);
  });

  it('is waited for at its last event, and not beyond', async () => {
    const { id } = await begin(ENDLESS);
    const live = await client.responses.retrieve(id, { stream: true });
    let last = 0;
    for await (const event of live) {
      last = (event as { sequence_number: number }).sequence_number;
      if (event.type === 'response.output_text.delta') break;
    }
    const next = await client.responses.retrieve(id, { stream: true, starting_after: last });
    for await (const event of next) {
      expect((event as { sequence_number: number }).sequence_number).toBe(last + 1);
      break;
    }
    const beyond = await thrownBy(client.responses.retrieve(id, { stream: true, starting_after: 1_000_000 }));
    expect(beyond).toBeInstanceOf(ConflictError);
    expect(beyond).toMatchObject({ code: 'log_regressed' });
    await client.responses.cancel(id);
  });

  it('has ten readers of a user at the most', async () => {
    const { responses } = clientAt('10.0.0.3');
    const { id } = (await responses.create(ENDLESS as never)) as OpenAiResponse;
    const more = () => responses.retrieve(id, { stream: true });
    const readers = await Promise.all(Array.from({ length: 10 }, more));
    expect(await thrownBy(more())).toMatchObject({ status: 429, code: 'too_many_connections' });
    await responses.cancel(id);
    for (const reader of readers) expect((await events(reader)).at(-1)?.type).toBe('response.failed');
  });

  it('is cancelled once and for all, and says so', async () => {
    const { id } = await begin(ENDLESS);
    const live = events(await client.responses.retrieve(id, { stream: true }));
    const cancelled = await client.responses.cancel(id);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', error: null });
    // As OpenAI's client for Python asks: it says JSON, and sends none.
    const headers = { 'Content-Type': 'application/json', 'X-Real-IP': '10.0.0.1' };
    const again = await fetch(`${baseURL}/responses/${id}/cancel`, { method: 'POST', headers, body: '' });
    expect(await again.json()).toMatchObject({ id, status: 'cancelled' });
    expect((await live).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled' } });
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
  });

  it('that is over can not be cancelled', async () => {
    const { id } = await begin(fast('Done.'));
    await ended(id);
    expect(await thrownBy(client.responses.cancel(id))).toBeInstanceOf(BadRequestError);
  });

  it('ends with one truthful failure where its upstream breaks', async () => {
    const { id } = await begin(asked({ text: 'a b c d e f g', tokens_per_second: 0, fault: 'cut@3' }));
    const failed = await ended(id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'upstream_truncated' } });
    expect(failed.output[0]).toMatchObject({ status: 'incomplete' });
    const last = (await events(await client.responses.retrieve(id, { stream: true }))).at(-1);
    expect(last).toMatchObject({ type: 'response.failed', response: { status: 'failed' } });
  });

  it('is deleted, also while it runs', async () => {
    for (const body of [ENDLESS, fast('Done.')]) {
      const { id } = await begin(body);
      if (body !== ENDLESS) await ended(id);
      expect(await client.responses.delete(id)).toEqual({ id, object: 'response', deleted: true });
      expect(await thrownBy(client.responses.retrieve(id))).toBeInstanceOf(NotFoundError);
      expect(await thrownBy(client.responses.delete(id))).toBeInstanceOf(NotFoundError);
    }
  });

  it('is nothing to others, and unknown ids are nothing to all', async () => {
    const { id } = await begin(fast('Mine.'));
    await ended(id);
    const other = clientAt('10.0.0.2').responses;
    for (const look of [other.retrieve(id), other.cancel(id), other.delete(id), client.responses.retrieve('resp_x')]) {
      const error = await thrownBy(look);
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ code: 'not_found', type: 'invalid_request_error' });
    }
    expect((await client.responses.retrieve(id)).output_text).toBe('Mine.');
  });

  it.each([
    ['plain/m', undefined, false],
    ['runs/m', true, true],
  ])('has an id of ours, not the provider’s, and is asked of %s as that can', async (model, background, store) => {
    bodies = [];
    const { id } = await begin({ model, input: 'hi', background: true });
    const whole = await ended(id);
    expect(whole).toMatchObject({ id, model, background: true, output_text: 'Hi there' });
    expect(id).not.toBe(ITS_OWN);
    expect(bodies[0]).toMatchObject({ store, stream: true });
    expect(bodies[0]?.background).toBe(background);
    const seen = JSON.stringify(await events(await client.responses.retrieve(id, { stream: true })));
    expect(seen).not.toContain(ITS_OWN);
  });

  it('has to be stored', async () => {
    expect(await thrownBy(begin(fast('x', { store: false })))).toMatchObject({ status: 400, param: 'store' });
  });

  it('says which cursors are none', async () => {
    const { id } = await begin(fast('x'));
    const error = await thrownBy(client.responses.retrieve(id, { stream: true, starting_after: -1 }));
    expect(error).toMatchObject({ status: 400, param: 'starting_after' });
  });
});

describe('a response that does not run in the background', () => {
  const stored = { defaultHeaders: { 'X-Weir-Resumable': 'true', 'X-Real-IP': '10.0.0.1' } };

  it('can be read again where it was stored, and not be cancelled', async () => {
    const resumable = client.withOptions(stored);
    const { background: _, ...plain } = fast('Kept.');
    const first = await events((await resumable.responses.create({ ...plain, stream: true } as never)) as never);
    const { id } = (first[0] as { response: OpenAiResponse }).response;
    expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed', output_text: 'Kept.' });
    expect(await events(await client.responses.retrieve(id, { stream: true }))).toEqual(first);
    expect(await thrownBy(client.responses.cancel(id))).toMatchObject({ status: 400 });
    expect(await client.responses.delete(id)).toMatchObject({ deleted: true });
  });

  it('of a provider that speaks this format has the provider’s id; the newest of that id is read', async () => {
    for (const thread of ['first-of-it', 'second-of-it']) {
      const request = { model: 'kept', input: 'hi', stream: true } as const;
      const raw = await client.responses.create(request, { headers: { 'X-Thread-ID': thread } }).asResponse();
      await raw.text();
    }
    await until('the newest is found', async () => {
      const found = await client.responses
        .retrieve(ITS_OWN)
        .asResponse()
        .catch(() => undefined);
      return found?.headers.get('x-thread-id') === 'second-of-it';
    });
    expect(await client.responses.retrieve(ITS_OWN)).toMatchObject({ id: ITS_OWN, output_text: 'Hi there' });
    const again = await events(await client.responses.retrieve(ITS_OWN, { stream: true, starting_after: 5 }));
    expect(again.map(({ type }) => type)).toEqual(['response.output_item.done', 'response.completed']);
    expect(await thrownBy(clientAt('10.0.0.2').responses.retrieve(ITS_OWN))).toBeInstanceOf(NotFoundError);
  });

  it('is unknown where it was not', async () => {
    const { background: _, ...plain } = fast('Gone.');
    const { id } = await begin(plain);
    expect(await thrownBy(client.responses.retrieve(id))).toBeInstanceOf(NotFoundError);
  });
});
