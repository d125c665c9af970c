import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEndpoint } from '../support/endpoint_answer.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let provider: MockOpenai;
let instance: Instance;
beforeAll(async () => {
  provider = await startMockOpenai();
  instance = await startInstance({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-very-secret',
    MAX_CONNECTIONS_PER_USER: '2',
  });
});
afterAll(async () => {
  await instance.stop();
  await provider.close();
});

const messages = [{ role: 'user', content: 'hi' }];
const chat = (body: Record<string, unknown>) =>
  askEndpoint(instance.url, '/v1/chat/completions', { model: 'fake/demo', messages, ...body });

const events = (text: string) =>
  text
    .trimEnd()
    .split('\n\n')
    .map((event) => event.replace(/^data: /, ''));

describe('the fake provider', () => {
  const fake = { text: 'Grüße, 流れる\n水 👨‍👩‍👧‍👦', ttft_ms: 0, tokens_per_second: 0 };

  it('speaks in chunks: a role, the text, a reason, the usage that was asked for, [DONE]', async () => {
    const { text, headers } = await chat({ stream: true, stream_options: { include_usage: true }, fake });
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const all = events(text);
    expect(all.pop()).toBe('[DONE]');
    const chunks = all.map((json) => JSON.parse(json));
    const id = `chatcmpl-${headers.get('x-request-id')}`;
    for (const chunk of chunks)
      expect(chunk).toMatchObject({ id, object: 'chat.completion.chunk', model: 'fake/demo' });
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(fake.text);
    expect(chunks.at(-2).choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 1 } });
  });

  it('reports no usage that was not asked for', async () => {
    expect((await chat({ stream: true, fake })).text).not.toContain('usage');
  });

  it('gives one whole answer where that is asked for', async () => {
    const { text } = await chat({ fake });
    const answer = JSON.parse(text);
    expect(answer).toMatchObject({ object: 'chat.completion', choices: [{ index: 0, finish_reason: 'stop' }] });
    expect(answer.choices[0].message).toEqual({ role: 'assistant', content: fake.text, refusal: null });
    expect(answer.usage.total_tokens).toBe(answer.usage.prompt_tokens + answer.usage.completion_tokens);
  });

  it('takes bare names of models where it is the default', async () => {
    expect((await chat({ model: 'gpt-5', fake })).status).toBe(200);
  });

  it('fails in the shape of OpenAI, before the head and after it', async () => {
    const whole = await chat({ fake: { ...fake, fault: 'cut@2' } });
    expect(whole.status).toBe(502);
    expect(JSON.parse(whole.text)).toMatchObject({ error: { code: 'upstream_truncated', type: 'server_error' } });
    const limited = await chat({ stream: true, fake: { fault: 'rate_limit' } });
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('7');
    const { text } = await chat({ stream: true, fake: { ...fake, fault: 'error@2' } });
    expect(text).not.toContain('[DONE]');
    expect(JSON.parse(events(text).at(-1) ?? '')).toMatchObject({ error: { code: 'upstream_error' } });
  });
});

describe('the fake provider speaks every format', () => {
  const fake = { text: 'Grüße, 流れる\n水', ttft_ms: 0, tokens_per_second: 0 };
  const ask = (path: string, body: Record<string, unknown>) =>
    askEndpoint(instance.url, path, { model: 'fake/demo', fake, ...body });
  const said = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }];
  const input = [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }];

  it('OpenAI’s responses, streamed and whole', async () => {
    const { text } = await ask('/v1/responses', { input, instructions: 'Be brief.', stream: true });
    const all = text.trimEnd().split('\n\n');
    const sent = all.map((event) => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? ''));
    expect(sent.map(({ sequence_number }) => sequence_number)).toEqual(sent.map((_, index) => index));
    expect(sent[0]).toMatchObject({ type: 'response.created', response: { instructions: 'Be brief.' } });
    expect(sent.flatMap(({ type, delta }) => (type === 'response.output_text.delta' ? delta : [])).join('')).toBe(
      fake.text,
    );
    const { response } = sent.at(-1);
    expect(response).toMatchObject({ status: 'completed', output: [{ content: [{ text: fake.text }] }] });
    const whole = JSON.parse((await ask('/v1/responses', { input, instructions: 'Be brief.' })).text);
    expect(whole).toMatchObject({ object: 'response', output: [{ content: [{ text: fake.text }] }] });
    expect(whole.usage).toEqual(response.usage);
  });

  it('Anthropic’s messages, streamed and whole', async () => {
    const { text } = await ask('/v1/messages', { messages: said, system: 'Be brief.', max_tokens: 99, stream: true });
    const types = [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    expect([types[0], types[1], ...types.slice(-3)]).toEqual([
      'message_start',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const pieces = [...text.matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g)].map(([, json]) =>
      JSON.parse(json ?? ''),
    );
    expect(pieces.join('')).toBe(fake.text);
    const whole = JSON.parse((await ask('/v1/messages', { messages: said, max_tokens: 99 })).text);
    expect(whole).toMatchObject({ content: [{ type: 'text', text: fake.text }], stop_reason: 'end_turn' });
  });

  it.each([
    ['/v1/responses', { input }, { error: { code: 'upstream_truncated' } }],
    ['/v1/messages', { messages: said, max_tokens: 9 }, { type: 'error', error: { type: 'api_error' } }],
  ])('and fails in the shape of %s, before the head and after it', async (path, body, shape) => {
    const cut = { ...fake, fault: 'cut@2' };
    const whole = await ask(path, { ...body, fake: cut });
    expect(whole.status).toBe(502);
    expect(JSON.parse(whole.text)).toMatchObject(shape);
    const { text } = await ask(path, { ...body, fake: cut, stream: true });
    expect(text).not.toMatch(/completed|message_stop/);
    const events = text.split('\n\n');
    const [error, ...after] = events.slice(events.findIndex((event) => event.startsWith('event: error\n')));
    expect(JSON.parse(error?.split('\ndata: ')[1] ?? '')).toMatchObject({ type: 'error', ...shape });
    // Some clients of responses read only this one.
    const last = path === '/v1/responses' ? ['event: response.failed', ''] : [''];
    expect(after.map((event) => event.split('\n')[0])).toEqual(last);
  });

  it.each([
    ['/v1/responses', { input: [] }, 'input'],
    ['/v1/messages', { messages: said }, 'max_tokens'],
    ['/v1/messages', { messages: [{ role: 'tool', content: 'x' }], max_tokens: 9 }, 'messages.0.role'],
  ])('and says what is wrong with a request of %s: %j', async (path, body, field) => {
    const { status, text } = await ask(path, body);
    expect(status).toBe(422);
    expect(text).toContain(field);
  });
});

describe('a refusal has the shape that its clients know', () => {
  const openai = (code: string, param: string | null = null, type = 'invalid_request_error') => ({
    error: { message: expect.stringMatching(/\w/), type, code, param },
  });

  it.each<[string, string, unknown, number, unknown]>([
    ['no model', '/v1/chat/completions', { messages }, 422, openai('validation_error', 'model')],
    ['a stream that is neither', '/v1/responses', { model: 'm', stream: 1 }, 422, openai('validation_error', 'stream')],
    ['an unknown provider', '/v1/chat/completions', { model: 'missing/m' }, 422, openai('validation_error', 'model')],
    ['no messages', '/v1/chat/completions', { model: 'm' }, 422, openai('validation_error', 'messages')],
    ['a protocol not spoken', '/v1/embeddings', { model: 'fake/m' }, 422, openai('validation_error', 'model')],
    ['half a body', '/v1/chat/completions', '{"model":', 400, openai('invalid_json')],
    ['nothing', '/v1/chat/completions', '', 400, openai('invalid_json')],
    ['an unknown path', '/v1/audio', {}, 404, openai('not_found')],
    ['another method', '/v1/models', {}, 405, openai('method_not_allowed')],
  ])('for %s', async (_, path, body, status, error) => {
    const answer = await askEndpoint(instance.url, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual(error);
  });

  it('for too much, before it was sent', async () => {
    const headers = { 'Content-Length': String(32 * 1024 * 1024 + 1) };
    const raw = rawConnection(instance.port, streamPost('', headers, '/v1/embeddings'));
    await until('it is refused', () => raw.received().includes('payload_too_large'));
    expect(raw.received()).toMatch(/^HTTP\/1\.1 413 /);
    expect(JSON.parse(/\{.*\}/s.exec(raw.received())?.[0] ?? '')).toEqual(openai('payload_too_large'));
    raw.socket.destroy();
  });

  it('for another type of body', async () => {
    const answer = await askEndpoint(instance.url, '/v1/chat/completions', 'x', { 'Content-Type': 'text/plain' });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.text)).toEqual(openai('unsupported_media_type'));
  });

  it('and Anthropic’s at its endpoint', async () => {
    const answer = await askEndpoint(instance.url, '/v1/messages', { model: '' });
    expect(answer.status).toBe(422);
    const error = { type: 'invalid_request_error', message: expect.stringMatching(/model/) };
    expect(JSON.parse(answer.text)).toEqual({ type: 'error', error });
  });

  it('for a user who has too many streams, at every endpoint', async () => {
    const abort = new AbortController();
    const held = ['/v1/chat/completions', '/api/v1/stream'].map((path) =>
      fetch(`${instance.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(
          path.startsWith('/v1') ? { model: 'm', stream: true, messages } : { model: 'm', query: 'q' },
        ),
        signal: abort.signal,
      }),
    );
    for (const answer of await Promise.all(held)) expect(answer.status).toBe(200);
    for (const path of ['/v1/chat/completions', '/v1/embeddings']) {
      const answer = await askEndpoint(instance.url, path, { model: 'openai/m', messages });
      expect(answer.status).toBe(429);
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(JSON.parse(answer.text)).toEqual(openai('too_many_connections', null, 'rate_limit_error'));
    }
    abort.abort();
    await until('the slots are free', async () => (await chat({ fake: { tokens: 0, ttft_ms: 0 } })).status === 200);
  });

  it('and CORS’ headers for a page that is allowed', async () => {
    const answer = await askEndpoint(instance.url, '/v1/messages', '', { Origin: 'http://localhost:3001' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3001');
  });
});

describe('the list of models', () => {
  const get = async (path: string) => (await fetch(`${instance.url}${path}`)).json();

  it('has those of every provider, by the names that are taken here', async () => {
    const { object, data } = (await get('/v1/models')) as { object: string; data: { id: string; object: string }[] };
    expect(object).toBe('list');
    expect(data.map(({ id }) => id)).toEqual(['fake/demo', 'fake/gpt-3.5-turbo', 'openai/mock-5x0']);
    expect(JSON.stringify(data)).not.toContain('secret');
  });

  it('has each by its name', async () => {
    expect(await get('/v1/models/openai/mock-5x0')).toMatchObject({ id: 'openai/mock-5x0', object: 'model' });
    expect(await get('/v1/models/missing/x')).toMatchObject({ error: { code: 'not_found' } });
  });
});

it('the description of the API lists the endpoints', async () => {
  const { paths } = (await (await fetch(`${instance.url}/api/v1/openapi.json`)).json()) as { paths: object };
  const endpoints = ['/v1/chat/completions', '/v1/embeddings', '/v1/responses', '/v1/messages', '/v1/models'];
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(endpoints));
});
