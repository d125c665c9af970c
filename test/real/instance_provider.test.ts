import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { answerFrames, chunkFrame, DONE_FRAME, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';

let provider: MockOpenai;
let instance: Instance;
let script: readonly MockStep[] | undefined;
beforeAll(async () => {
  provider = await startMockOpenai({ script: () => script });
  instance = await startInstance({
    OPENAI_BASE_URL: provider.url,
    OPENAI_API_KEY: 'sk-very-secret',
    DEFAULT_PROVIDER: 'openai',
  });
});
afterAll(async () => {
  await instance.stop();
  await provider.close();
});

async function ask(
  model: string,
  body: Record<string, unknown> = {},
): Promise<{ status: number; text: string; answer: Response }> {
  const answer = await fetch(`${instance.url}/api/v1/stream`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: 'hi', model, ...body }),
  });
  return { status: answer.status, text: await answer.text(), answer };
}

/** The content of all chunks, and the terminal event. */
function read(text: string): { content: string; terminal: Record<string, unknown>; done: boolean } {
  const frames = text.split('\n\n').map((frame) => frame.split('\ndata: '));
  const data = (name: string) =>
    frames.filter(([head]) => head?.endsWith(`event: ${name}`)).map(([, json]) => JSON.parse(json ?? ''));
  const terminals = [...data('complete'), ...data('error')];
  expect(terminals).toHaveLength(1);
  return {
    content: data('chunk')
      .map((chunk) => chunk.content)
      .join(''),
    terminal: terminals[0],
    done: text.endsWith('data: [DONE]\n\n'),
  };
}

async function relayed(steps: readonly MockStep[]): Promise<ReturnType<typeof read>> {
  script = steps;
  try {
    return read((await ask('scripted')).text);
  } finally {
    script = undefined;
  }
}

describe('an OpenAI-compatible provider', () => {
  it('gets the request in its own format, with our key, and its usage is passed on', async () => {
    const { text } = await ask('mock-5x0', { temperature: 0.5, max_tokens: 9 });
    const { content, terminal, done } = read(text);
    expect(content).toBe('word '.repeat(5));
    expect(done).toBe(true);
    expect(terminal).toMatchObject({
      chunk_count: 5,
      finish_reason: 'stop',
      usage: { input_tokens: 7, output_tokens: 5, estimated: false },
    });
    const request = provider.requests.at(-1);
    expect(request?.headers.authorization).toBe('Bearer sk-very-secret');
    expect(request?.body).toEqual({
      model: 'mock-5x0',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 9,
    });
    expect(JSON.stringify(instance.lines)).not.toContain('secret');
  });

  it.each([
    ['mock-401', 502, 'upstream_error', { status: 401 }],
    ['mock-429', 429, 'upstream_rate_limited', { status: 429 }],
    ['mock-500', 502, 'upstream_error', { status: 500 }],
    ['mock-redirect', 502, 'upstream_error', { status: 307 }],
    ['mock-html', 502, 'upstream_error', { status: 200 }],
  ])('that answers %s before its head is status %i', async (model, status, error, details) => {
    const refused = await ask(model);
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.text)).toMatchObject({ error, details });
    if (status === 429) expect(refused.answer.headers.get('retry-after')).toBe('7');
  });

  it.each([
    ['mock-reset', 'upstream_truncated', 'One two three '],
    ['mock-no-finish', 'upstream_truncated', 'One two three '],
    ['mock-error-first', 'upstream_error', ''],
    ['mock-error-mid-stream', 'upstream_error', 'One two three '],
  ])('that fails after its head (%s) is one error event and no [DONE]', async (model, error, content) => {
    const got = read((await ask(model)).text);
    expect(got).toMatchObject({ content, done: false, terminal: { error, delivered: content.length } });
  });

  it('that sends on after [DONE] is not listened to', async () => {
    const got = read((await ask('mock-after-done')).text);
    expect(got).toMatchObject({ content: 'One two.', done: true });
  });

  it('that can not be reached is 502, with the reason', async () => {
    const lonely = await startInstance({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', DEFAULT_PROVIDER: 'openai' });
    const answer = await fetch(`${lonely.url}/api/v1/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"query":"hi","model":"m"}',
    });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: 'upstream_error' });
    await lonely.stop();
  });
});

describe('whatever way the provider frames its answer, the text is the same', () => {
  const parts = ['Grüße, ', '流れる水', ' 👨‍👩‍👧‍👦', '\nline\r\nbreaks\u2028', '\n\nevent: error\ndata: {}\n\n'];
  const whole = parts.join('');
  const plain = answerFrames(parts, true);
  const head: MockStep = { head: 200, headers: SSE_HEADERS };
  const cut = (text: string): MockStep[] =>
    [...Buffer.from(text)].flatMap((byte, at) => [
      { write: Uint8Array.of(byte) },
      ...(at % 97 === 0 ? [{ pause: 1 }] : []),
    ]);

  it.each<[string, readonly MockStep[]]>([
    ['LF', [{ write: plain }]],
    ['CRLF', [{ write: plain.replaceAll('\n', '\r\n') }]],
    ['lone CR', [{ write: plain.replaceAll('\n', '\r') }]],
    ['BOM', [{ write: `\ufeff${plain}` }]],
    ['comments', [{ write: `: processing\n\n${plain.replaceAll('\n\n', '\n: hb\n\n')}` }]],
    ['no space after the colon', [{ write: plain.replaceAll(/^data: /gm, 'data:') }]],
    ['data over several lines', [{ write: plain.replaceAll(',"choices"', ',\ndata: "choices"') }]],
    ['a cut at every byte', cut(plain)],
    ['CRLF cut at every byte', cut(plain.replaceAll('\n', '\r\n'))],
    ['no last blank line', [{ write: plain.trimEnd() }]],
    ['no [DONE]', [{ write: plain.replace(DONE_FRAME, '') }]],
  ])('%s', async (_, steps) => {
    expect(await relayed([head, ...steps])).toMatchObject({ content: whole, done: true });
  });

  it('thousands of events in one read', async () => {
    const many = answerFrames(
      Array.from({ length: 5_000 }, (_, at) => `${at} `),
      false,
    );
    const got = await relayed([head, { write: many }]);
    expect(got.content.split(' ')).toHaveLength(5_001);
    expect(got.terminal).toMatchObject({ chunk_count: 5_000 });
  });

  it('one huge event, sent on in pieces', async () => {
    const huge = 'é🌉x'.repeat(300_000);
    const got = await relayed([head, { write: answerFrames([huge], false) }]);
    expect(got.content === huge).toBe(true);
    expect(got.terminal).toMatchObject({ total_length: 900_000 });
  });

  it('a line without end is an error, not a full memory', async () => {
    const part: MockStep = { write: 'x'.repeat(1024 * 1024) };
    const steps = [head, { write: chunkFrame({ content: 'One ' }) }, { write: 'data: ' }, ...Array(18).fill(part)];
    expect(await relayed(steps)).toMatchObject({ content: 'One ', terminal: { error: 'upstream_protocol' } });
  });
});
