import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic, * as anthropic from '@anthropic-ai/sdk';
import { ChatOpenAI } from '@langchain/openai';
import { streamText } from 'ai';
import OpenAI, { APIError, AuthenticationError, NotFoundError, RateLimitError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TOOL_CALL } from '../support/chat_frames.ts';
import { ENDPOINT_STREAMS, endpointScript } from '../support/endpoint_frames.ts';
import { type MockOpenai, type MockRequest, startMockOpenai } from '../support/mock_openai.ts';
import { FAULT_MODELS, type MockStep } from '../support/openai_frames.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { trustingFetch } from '../support/trusting_fetch.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let stack: StackFixture;
let client: OpenAI;
let fetch: typeof globalThis.fetch;
let script: (request: MockRequest) => readonly MockStep[] | undefined = endpointScript;
beforeAll(async () => {
  provider = await startMockOpenai({ script: (request) => script(request), background: false });
  stack = await newStack({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-of-the-deployment',
    ANTHROPIC_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'sk-ant-of-the-deployment',
  });
  await stack.start(['--instances', '1', '--max-per-user', '9']);
  fetch = trustingFetch(stack.ca);
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0, fetch });
});
afterAll(async () => {
  await stack.destroy();
  await provider.close();
});
afterEach(() => {
  script = endpointScript;
});

const messages = [{ role: 'user' as const, content: 'hi' }];
const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }];

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it went well'),
    (error) => error,
  );
}

describe('OpenAI’s own client, through NGINX', () => {
  it('streams text', async () => {
    let text = '';
    const stream = await client.chat.completions.create({ model: 'openai/mock-20x0', messages, stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('word '.repeat(20));
  });

  it('streams a tool call, byte for byte what the provider sent', async () => {
    const body = { model: 'openai/mock-tool', messages, tools, stream: true } as const;
    const raw = await client.chat.completions.create(body).asResponse();
    expect(await raw.text()).toBe(TOOL_CALL);
    const { choices } = await client.chat.completions.stream(body).finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({
      id: 'call_1',
      function: { name: 'weather', arguments: '{"city":"Zürich","data: [DONE]":"\\n\\n"}' },
    });
    expect(provider.requests.at(-1)?.body.tools).toEqual(tools);
    expect(provider.requests.at(-1)?.headers.authorization).toBe('Bearer sk-of-the-deployment');
  });

  it('aborts, and the provider hears of it', async () => {
    const stream = await client.chat.completions.create({ model: 'openai/mock-endless', messages, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content !== 'word ') continue;
      expect(provider.open).toBe(1);
      stream.controller.abort();
    }
    await until('the call is cancelled', () => provider.open === 0);
    expect(provider.requests.at(-1)?.closedEarlyAt).toBeDefined();
  });

  it('gets whole answers, embeddings and models', async () => {
    const answer = await client.chat.completions.create({ model: 'openai/mock-2x0', messages });
    expect(answer.choices[0]?.message.content).toBe('word word ');
    expect(answer._request_id).toBeTruthy();
    const input = { model: 'openai/mock', input: 'hi', encoding_format: 'float' } as const;
    expect((await client.embeddings.create(input)).data[0]?.embedding).toEqual([0.5, -0.25]);
    const names = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(names).toContain('openai/mock-5x0');
    expect((await client.models.retrieve('openai/mock-5x0')).id).toBe('openai/mock-5x0');
  });

  it('speaks responses, streamed and whole', async () => {
    const body = { model: 'openai/mock', input: 'hi' };
    const raw = await client.responses.create({ ...body, stream: true }).asResponse();
    expect(await raw.text()).toBe(ENDPOINT_STREAMS.responses);
    const final = await client.responses.stream(body).finalResponse();
    expect(final.output_text).toBe('Grüße 🌉');
    expect((await client.responses.create(body)).output_text).toBe('Grüße 🌉');
  });

  it('knows a cut answer from a whole one, in both protocols', async () => {
    for (const model of ['openai/mock-no-finish', 'openai/mock-reset']) {
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      const error = await thrownBy(Array.fromAsync(stream));
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ code: 'upstream_truncated' });
    }
    const stream = await client.responses.create({ model: 'openai/mock-cut', input: 'hi', stream: true });
    expect(await thrownBy(Array.fromAsync(stream))).toMatchObject({ code: 'upstream_truncated' });
  });

  it('throws its own classes of errors, ours and the provider’s', async () => {
    const unauthorized = await thrownBy(client.chat.completions.create({ model: 'openai/mock-401', messages }));
    expect(unauthorized).toBeInstanceOf(AuthenticationError);
    expect(unauthorized).toMatchObject({ message: expect.stringContaining('Incorrect API key provided.') });
    expect(await thrownBy(client.models.retrieve('missing/x'))).toBeInstanceOf(NotFoundError);
    const invalid = await thrownBy(client.chat.completions.create({ model: 'missing/m', messages }));
    expect(invalid).toMatchObject({ status: 422, code: 'validation_error', param: 'model', requestID: /./ });
  });

  it('understands what NGINX refuses by itself', async () => {
    const input = { model: 'openai/mock', input: 'x'.repeat(34 * 1024 * 1024) };
    expect(await thrownBy(client.embeddings.create(input))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      type: 'invalid_request_error',
      message: expect.stringContaining('too large for NGINX'),
    });
  });

  it('gets a RateLimitError for our own limit, with the time to wait', async () => {
    const body = { model: 'openai/mock-endless', messages, stream: true } as const;
    const held = await Promise.all(Array.from({ length: 9 }, () => client.chat.completions.create(body)));
    const error = await thrownBy(client.chat.completions.create(body));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'too_many_connections', type: 'rate_limit_error' });
    expect((error as APIError).headers?.get('retry-after')).toBe('2');
    for (const stream of held) stream.controller.abort();
    await until('all calls are cancelled', () => provider.open === 0);
  });

  it('tries again where the provider says so', async () => {
    const calls = provider.requests.length;
    const once = [{ head: 429, headers: { 'retry-after-ms': '10' } }, ...(FAULT_MODELS['mock-429']?.slice(1) ?? [])];
    script = () => (provider.requests.length === calls + 1 ? (once as MockStep[]) : undefined);
    const answer = await client.chat.completions.create({ model: 'openai/mock-2x0', messages }, { maxRetries: 2 });
    expect(answer.choices[0]?.message.content).toBe('word word ');
    expect(provider.requests).toHaveLength(calls + 2);
  });

  it('sends images of many megabytes', async () => {
    const url = `data:image/png;base64,${'A'.repeat(24 * 1024 * 1024)}`;
    const content = [{ type: 'image_url' as const, image_url: { url } }];
    await client.chat.completions.create({ model: 'openai/mock-2x0', messages: [{ role: 'user', content }] });
    expect(provider.requests.at(-1)?.raw.length).toBeGreaterThan(url.length);
  });

  it('streams from the fake provider', async () => {
    const body = { model: 'fake/demo', messages, stream: true, fake: { tokens: 5, ttft_ms: 0 } } as const;
    const stream = await client.chat.completions.create(body);
    expect((await Array.fromAsync(stream)).length).toBeGreaterThan(5);
  });
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
    await expect(client().messages.countTokens({ model: 'mock-429', messages })).rejects.toThrow(
      anthropic.RateLimitError,
    );
  });

  it('knows a cut message from a whole one', async () => {
    const error = await client()
      .messages.stream(body('mock-cut'))
      .finalMessage()
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(anthropic.APIError);
    expect(String(error)).toContain('The provider ended its answer in the middle.');
  });

  it('throws its own classes of errors, ours and the provider’s', async () => {
    const limited = await client()
      .messages.create(body('mock-429'))
      .catch((thrown) => thrown);
    expect(limited).toBeInstanceOf(anthropic.RateLimitError);
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
