import type { AddressInfo } from 'node:net';
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGateway, type Gateway } from '../../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../../src/gateway/config.ts';
import { along, type RouteFile, routeFile } from '../../support/route_files.ts';

const FAKE = { text: 'Grüße, 流れる', reasoning_tokens: 3, tool_calls: 2, ttft_ms: 0, tokens_per_second: 0 };
const HI: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'hi' }] };

let gateway: Gateway;
let api: string;
let routes: RouteFile;
beforeAll(async () => {
  routes = routeFile({ routes: { default: along('fake/demo') } });
  gateway = await buildGateway(
    parseConfig({ WEIR_CONFIG: routes.file, LOG_LEVEL: 'error', INSTANCE_ID: 'one' }),
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
