import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEndpoint } from '../support/endpoint_answer.ts';
import { ENDPOINT_STREAMS, ENDPOINT_WHOLES, endpointScript } from '../support/endpoint_frames.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, type MockRequest, startMockOpenai } from '../support/mock_openai.ts';
import { type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';

let provider: MockOpenai;
let instance: Instance;
let script: ((request: MockRequest) => readonly MockStep[] | undefined) | undefined;
beforeAll(async () => {
  provider = await startMockOpenai({ script: (request) => (script ?? endpointScript)(request), background: false });
  instance = await startInstance({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-of-the-deployment',
    ANTHROPIC_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'sk-ant-of-the-deployment',
  });
});
afterAll(async () => {
  await instance.stop();
  await provider.close();
});

const ask = (path: string, body: Record<string, unknown>, headers?: Record<string, string>) =>
  askEndpoint(instance.url, path, { model: 'mock', ...body }, headers);

async function scripted(path: string, steps: readonly MockStep[]) {
  script = () => steps;
  try {
    return await ask(path, { stream: true });
  } finally {
    script = undefined;
  }
}

const head: MockStep = { head: 200, headers: SSE_HEADERS };
const lastEvent = (text: string) => text.trimEnd().split('\n\n').at(-1) ?? '';

describe.each([
  ['/v1/responses', 'responses'],
  ['/v1/messages', 'messages'],
] as const)('%s', (path, name) => {
  const frames = ENDPOINT_STREAMS[name];

  it.each<[string, MockStep[]]>([
    ['as it is', [{ write: frames }]],
    ['cut at every byte', [...Buffer.from(frames)].map((byte) => ({ write: Uint8Array.of(byte) }))],
    ['with CRLF', [{ write: frames.replaceAll('\n', '\r\n') }]],
    ['with the event’s name after its data', [{ write: frames.replaceAll(/(event: .*\n)(data: .*\n)/g, '$2$1') }]],
    [
      'with other keys before the type',
      [{ write: frames.replaceAll('data: {', 'data: {"a":"\\"type\\":\\"error\\"",') }],
    ],
  ])('streams what the provider sends, byte for byte: %s', async (_, writes) => {
    const sent = Buffer.concat(writes.map((step) => Buffer.from((step as { write: string | Uint8Array }).write)));
    const answer = await scripted(path, [head, ...writes]);
    expect(answer.bytes.toString('latin1')).toBe(sent.toString('latin1'));
  });

  it('sees every cut before the terminal event', async () => {
    const events = frames.split(/(?<=\n\n)/);
    for (let count = 0; count < events.length; count += 1) {
      const part = events.slice(0, count).join('');
      const { text } = await scripted(path, [head, { write: `${part}: bye\n\n` }]);
      expect(text.startsWith(part)).toBe(true);
      expect(lastEvent(text)).toMatch(
        /^event: error\ndata: \{"type":"error",.*The provider ended its answer in the middle/,
      );
    }
  });

  it('takes no [DONE] for an end', async () => {
    const { text } = await scripted(path, [head, { write: 'data: [DONE]\n\n' }]);
    expect(lastEvent(text)).toMatch(/^event: error/);
  });

  it('passes the provider’s own error on, and nothing after it', async () => {
    const error = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
    const { text } = await scripted(path, [head, { write: error + frames }]);
    expect(text).toBe(error);
  });

  it('passes whole answers and refusals on', async () => {
    expect(JSON.parse((await ask(path, {})).text)).toEqual(ENDPOINT_WHOLES[name]);
    const refused = await ask(path, { model: 'mock-429', stream: true });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('7');
    expect(JSON.parse(refused.text)).toMatchObject({ error: { message: 'Rate limit reached.' } });
  });
});

it('a response that failed has the provider’s own error passed on, and is no success', async () => {
  const failed = 'event: response.failed\ndata: {"type":"response.failed","response":{"status":"failed"}}\n\n';
  expect((await scripted('/v1/responses', [head, { write: failed }])).text).toBe(failed);
});

it('messages go to Anthropic with a version, also where the client names none', async () => {
  await ask('/v1/messages', {});
  expect(provider.requests.at(-1)?.headers).toMatchObject({
    'anthropic-version': '2023-06-01',
    'x-api-key': 'sk-ant-of-the-deployment',
  });
  expect(provider.requests.at(-1)?.headers.authorization).toBeUndefined();
  await ask('/v1/messages', {}, { 'Anthropic-Version': '2027-01-01', 'X-Api-Key': 'sk-of-the-client' });
  expect(provider.requests.at(-1)?.headers).toMatchObject({
    'anthropic-version': '2027-01-01',
    'x-api-key': 'sk-ant-of-the-deployment',
  });
});

it('embeddings are passed on', async () => {
  const { text } = await ask('/v1/embeddings', { input: 'hi', model: 'openai/mock' });
  expect(JSON.parse(text)).toEqual(ENDPOINT_WHOLES.embeddings);
  expect(provider.requests.at(-1)).toMatchObject({ path: '/v1/embeddings', body: { model: 'mock', input: 'hi' } });
});
