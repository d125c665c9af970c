import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic, { APIError, RateLimitError } from '@anthropic-ai/sdk';
import { ChatOpenAI } from '@langchain/openai';
import { streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT_STREAMS, endpointScript } from '../support/endpoint_frames.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';

let provider: MockOpenai;
let stack: StackFixture;
let fetch: typeof globalThis.fetch;
beforeAll(async () => {
  provider = await startMockOpenai({ script: endpointScript, background: false });
  stack = await newStack({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-of-the-deployment',
    ANTHROPIC_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'sk-ant-of-the-deployment',
  });
  await stack.start();
  fetch = trustingFetch(stack.ca);
});
afterAll(async () => {
  await stack.destroy();
  await provider.close();
});

it('a client that wants a WebSocket of /v1/responses is refused at once, through NGINX, and goes on with POST', async () => {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const refused = await requestHttp1(stack.url, { path: '/v1/responses', headers });
  expect([refused.status, refused.broken]).toEqual([426, undefined]);
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'upgrade_required' } });
  const body = { model: 'fake/demo', input: 'hi', fake: { tokens: 1 } };
  expect((await requestHttp1(stack.url, { path: '/v1/responses', headers, method: 'POST', body })).status).toBe(200);
});

describe('Anthropic’s own client, through NGINX', () => {
  const client = () => new Anthropic({ baseURL: stack.url, apiKey: 'sk-of-the-client', maxRetries: 0, fetch });
  const body = (model: string) => ({ model, max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] });

  it('streams a message, byte for byte what the provider sent', async () => {
    const raw = await client()
      .messages.create({ ...body('mock'), stream: true })
      .asResponse();
    expect(await raw.text()).toBe(ENDPOINT_STREAMS.messages);
    const message = await client().messages.stream(body('anthropic/mock')).finalMessage();
    expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: 'Grüße 🌉' }] });
    expect(message.usage).toMatchObject({ input_tokens: 7, output_tokens: 2 });
  });

  it('gets a whole message; the provider hears of its version, and of our key only', async () => {
    const { content } = await client().messages.create(body('anthropic/mock'), {
      headers: { 'anthropic-beta': 'one,two' },
    });
    expect(content[0]).toMatchObject({ text: 'Grüße 🌉' });
    const { headers = {}, body: got } = provider.requests.at(-1) ?? {};
    expect(headers).toMatchObject({ 'x-api-key': 'sk-ant-of-the-deployment', 'anthropic-beta': 'one,two' });
    expect(headers['anthropic-version']).toMatch(/^20\d\d-/);
    expect(JSON.stringify(headers)).not.toContain('sk-of-the-client');
    expect(got?.model).toBe('mock');
  });

  it('has tokens counted by the provider, or estimated where it counts none, and takes its refusals as they are', async () => {
    const { messages } = body('mock');
    const count = await client().messages.countTokens({ model: 'anthropic/mock', messages });
    expect(count).toEqual({ input_tokens: 14 });
    expect(provider.requests.at(-1)).toMatchObject({
      path: '/v1/messages/count_tokens',
      headers: { 'x-api-key': 'sk-ant-of-the-deployment', 'anthropic-version': expect.stringMatching(/^20\d\d-/) },
      body: { model: 'mock', messages },
    });
    const before = provider.requests.length;
    const { data, response } = await client().messages.countTokens({ model: 'openai/mock', messages }).withResponse();
    expect(data.input_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-weir-estimated')).toBe('input_tokens');
    expect(provider.requests).toHaveLength(before);
    await expect(client().messages.countTokens({ model: 'mock-429', messages })).rejects.toThrow(RateLimitError);
  });

  it('knows a cut message from a whole one', async () => {
    const error = await client()
      .messages.stream(body('mock-cut'))
      .finalMessage()
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(String(error)).toContain('The provider ended its answer in the middle.');
  });

  it('throws its own classes of errors, ours and the provider’s', async () => {
    const limited = await client()
      .messages.create(body('mock-429'))
      .catch((thrown) => thrown);
    expect(limited).toBeInstanceOf(RateLimitError);
    const invalid = await client()
      .messages.create({ ...body('openai/mock'), max_tokens: 0 })
      .catch((thrown) => thrown);
    expect(invalid).toMatchObject({ status: 422, error: { type: 'error', error: { type: 'invalid_request_error' } } });
    expect(invalid.requestID).toBeTruthy();
  });
});

it('the AI SDK streams text and a tool call', async () => {
  const weir = createOpenAICompatible({ name: 'weir', baseURL: `${stack.url}/v1`, apiKey: 'sk-of-the-client', fetch });
  const { textStream, finishReason } = streamText({ model: weir('openai/mock-20x0'), prompt: 'hi' });
  expect((await Array.fromAsync(textStream)).join('')).toBe('word '.repeat(20));
  expect(await finishReason).toBe('stop');
  const { toolCalls } = streamText({ model: weir('openai/mock-tool'), prompt: 'hi' });
  expect((await toolCalls)[0]).toMatchObject({ toolCallId: 'call_1', toolName: 'weather' });
});

it('LangChain streams text', async () => {
  const configuration = { baseURL: `${stack.url}/v1`, fetch };
  const chat = new ChatOpenAI({ model: 'openai/mock-20x0', apiKey: 'sk-of-the-client', maxRetries: 0, configuration });
  let text = '';
  for await (const chunk of await chat.stream('hi')) text += chunk.content;
  expect(text).toBe('word '.repeat(20));
});
