import type { AddressInfo } from 'node:net';
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGateway, type Gateway } from '../../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../../src/gateway/config.ts';
import { along, type RouteFile, routeFile } from '../../support/route_files.ts';
import { dataOf } from '../formats/scenarios.ts';

const FAKE = { text: 'Grüße, 流れる', reasoning_tokens: 3, tool_calls: 2, ttft_ms: 0, tokens_per_second: 0 };
const HI: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'hi' }] };

let gateway: Gateway;
let api: string;
let routes: RouteFile;
beforeAll(async () => {
  routes = routeFile({ routes: { default: along('fake/demo') } });
  gateway = await buildGateway(
    parseConfig({ WEIR_CONFIG: routes.file, LOG_LEVEL: 'error', INSTANCE_ID: 'one', IDENTITY_HEADER: 'x-user' }),
    {},
    '',
  );
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  api = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}/api/v1/chat`;
});
afterAll(async () => {
  await gateway.app.close();
  await gateway.close();
  routes[Symbol.dispose]();
});

const post = (body: object | string, headers: Record<string, string> = { 'Content-Type': 'application/json' }) =>
  fetch(api, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

/** What the SDK's own transport makes of the answer. */
async function ask(messages: UIMessage[], body: object, chatId = 'c1') {
  const transport = new DefaultChatTransport({ api, body });
  const about = { trigger: 'submit-message', chatId, messageId: undefined, messages, abortSignal: undefined } as const;
  const stream = await transport.sendMessages(about);
  const errors: unknown[] = [];
  let message: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream, onError: (error) => errors.push(error) })) message = state;
  return { message, errors };
}

describe('POST /api/v1/chat', () => {
  it('gives the SDK’s transport a message with reasoning, text and calls of tools', async () => {
    const { message, errors } = await ask([HI], { fake: FAKE, model: 'fake/demo' });
    expect(errors).toEqual([]);
    expect(message).toMatchObject({ role: 'assistant', id: expect.stringMatching(/^msg_/) });
    expect(message?.metadata).toMatchObject({
      provider: 'fake',
      model: 'fake/demo',
      instance: 'one',
      usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
    });
    expect(message?.parts.map(({ type }) => type)).toEqual([
      'step-start',
      'reasoning',
      'text',
      expect.stringMatching(/^tool-/),
      expect.stringMatching(/^tool-/),
    ]);
    expect(message?.parts[2]).toMatchObject({ text: FAKE.text, state: 'done' });
    expect(message?.parts[3]).toMatchObject({ state: 'input-available' });
  });

  it('says of itself what its clients look for', async () => {
    const answer = await post({ id: 'c2', messages: [HI], fake: FAKE, more: 'of the page' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await answer.text()).toMatch(/"finishReason":"tool-calls"}\n\ndata: \[DONE\]\n\n$/);
  });

  it('answers in the message of the assistant that is the last', async () => {
    const begun: UIMessage = { id: 'a7', role: 'assistant', parts: [{ type: 'text', text: 'Once' }] };
    expect((await ask([HI, begun], { fake: FAKE })).message?.id).toBe('a7');
  });

  it('passes on that its provider failed', async () => {
    const { errors } = await ask([HI], { fake: { ...FAKE, fault: 'error@2' } });
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(/The provider/) })]);
    const refused = ask([HI], { fake: { ...FAKE, fault: 'error_before_head' } });
    await expect(refused).rejects.toMatchObject({ statusCode: 502, message: expect.stringMatching(/upstream_error/) });
  });

  it.each<[string, object | string, number, RegExp]>([
    ['no JSON', '{', 400, /invalid_json/],
    ['no messages', { id: 'c' }, 422, /messages/],
    ['messages of chat completions', { messages: [{ role: 'user', content: 'hi' }] }, 422, /messages\.0\.parts/],
    ['a chat that is named as a run', { id: 'run_1', messages: [HI] }, 422, /run_/],
    ['a model of a provider that is none', { messages: [HI], model: 'none/x' }, 422, /names no provider/],
    ['knobs that are none', { messages: [HI], fake: { tokens: 'many' } }, 422, /fake\.tokens/],
  ])('refuses %s, and says what is wrong', async (_, body, status, text) => {
    const answer = await post(body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      expect.stringMatching(/^application\/json/),
    ]);
    expect(await answer.text()).toMatch(text);
    expect(gateway.durable.core.pool.view()).toMatchObject({ total_connections: 0 });
  });

  it('refuses a body that is not said to be JSON', async () => {
    expect((await post({ messages: [HI] }, { 'Content-Type': 'text/plain' })).status).toBe(415);
  });
});

describe('a chat that goes on without its client', () => {
  const JSON_TYPE = { 'Content-Type': 'application/json' };
  /** At its own pace it would never end here. */
  const SLOW = { tokens: 1_000, tokens_per_second: 200, ttft_ms: 0 };
  const QUICK = { tokens: 20, tokens_per_second: 0, ttft_ms: 0 };
  const as = (user: string) => ({ ...JSON_TYPE, 'x-user': user });
  const begin = async (id: string, fake: object, more: RequestInit = {}, user = 'ann') =>
    fetch(api, {
      method: 'POST',
      headers: as(user),
      body: JSON.stringify({ id, messages: [HI], fake, model: 'fake/demo' }),
      ...more,
    });
  const readAgain = (path: string, user = 'ann') => fetch(`${api}/${path}/stream`, { headers: as(user) });
  const stop = async (id: string, user = 'ann') =>
    (await fetch(`${api}/${id}/stop`, { method: 'POST', headers: { 'x-user': user } })).status;

  /** Leaves an answer after its first bytes, as a page that is reloaded does. */
  async function left(id: string, fake: object): Promise<{ run: string; first: string }> {
    const abort = new AbortController();
    const answer = await begin(id, fake, { signal: abort.signal });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    abort.abort();
    await reader.closed.catch(() => {});
    return {
      run: answer.headers.get('x-workflow-run-id') as string,
      first: Buffer.from(value as Uint8Array).toString(),
    };
  }

  const startOf = (events: string) => events.slice(0, events.indexOf('\n\n'));

  it('is read again from its start, until its end was read', async () => {
    const { first } = await left('reload', QUICK);
    const again = await readAgain('reload');
    expect(again.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
    const events = await again.text();
    expect(startOf(events)).toBe(startOf(first));
    expect(events).toMatch(/"type":"finish".*\n\ndata: \[DONE\]\n\n$/s);
    expect((await readAgain('reload')).status).toBe(204);
  });

  it('is not read again where its end has come, and not where there is none', async () => {
    await (await begin('read', QUICK)).text();
    expect((await readAgain('read')).status).toBe(204);
    expect((await readAgain('never')).status).toBe(204);
    expect(await stop('read')).toBe(204);
    expect(await stop('never')).toBe(204);
  });

  it('is stopped for all its readers, and is not read again', async () => {
    const answers = [await begin('stopped', SLOW), await readAgain('stopped')];
    expect(await stop('stopped', 'bob')).toBe(204);
    expect(await stop('stopped')).toBe(202);
    for (const answer of answers) {
      expect(await answer.text()).toMatch(/data: {"type":"abort"}\n\ndata: \[DONE\]\n\n$/);
    }
    expect((await readAgain('stopped')).status).toBe(204);
    expect(await stop('stopped')).toBe(204);
  });

  it('is ended by the next message of its chat', async () => {
    const before = await begin('next', SLOW);
    const after = await begin('next', QUICK);
    expect(await before.text()).toMatch(/"type":"abort"/);
    expect(await after.text()).toMatch(/"type":"finish"/);
    expect(gateway.durable.core.pool.view()).toMatchObject({ total_connections: 0 });
  });

  it('goes on for a client that has so many chunks, by the name of its run', async () => {
    const { run } = await left('chunks', QUICK);
    expect(run).toMatch(/^run_/);
    const read = async (startIndex: number) => {
      const answer = await fetch(`${api}/${run}/stream?startIndex=${startIndex}`, { headers: as('ann') });
      expect([answer.headers.get('x-workflow-run-id'), answer.headers.get('x-resumable-stream-id')]).toEqual(
        answer.status === 200 ? [run, run] : [null, null],
      );
      return [answer.status, dataOf(await answer.text())] as const;
    };
    const [, all] = await read(0);
    expect(all.at(-1)).toBe('[DONE]');
    expect(await read(3)).toEqual([200, all.slice(3)]);
    // One that lacks the last chunk only, and one that lacks nothing.
    expect(await read(all.length - 2)).toEqual([200, all.slice(-2)]);
    expect((await read(all.length - 1))[0]).toBe(204);
    expect((await fetch(`${api}/${run}/stream?startIndex=-1`, { headers: as('ann') })).status).toBe(422);
    expect((await readAgain(run, 'bob')).status).toBe(404);
    expect((await readAgain('run_unknown')).status).toBe(404);
    expect((await readAgain('chunks', 'bob')).status).toBe(204);
  });

  it('is stopped by the name of its run too', async () => {
    const { run } = await left('run', SLOW);
    expect(await stop(run, 'bob')).toBe(404);
    expect(await stop(run)).toBe(202);
    expect((await readAgain('run')).status).toBe(204);
  });
});
