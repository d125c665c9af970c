import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAT_ANSWERS } from '../support/chat_frames.ts';
import { askEndpoint, type EndpointAnswer } from '../support/endpoint_answer.ts';
import { type Instance, type LogLine, startInstance } from '../support/instance.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { answerFrames, type MockStep, SSE_HEADERS } from '../support/openai_frames.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

const PATH = '/v1/chat/completions';
const KEY = 'sk-very-secret';

let provider: MockOpenai;
let instance: Instance;
/** By model: what the provider says, call by call; the last one also to all further calls. */
const scripts = new Map<string, (readonly MockStep[])[]>();
beforeAll(async () => {
  provider = await startMockOpenai({
    script: ({ body }) => {
      const calls = scripts.get(String(body.model));
      return calls && calls.length > 1 ? calls.shift() : calls?.[0];
    },
  });
  instance = await startInstance({ OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: KEY, DEFAULT_PROVIDER: 'openai' });
});
afterAll(async () => {
  expect(JSON.stringify(instance.lines)).not.toMatch(/secret|sk-of-the-client/);
  await instance.stop();
  await provider.close();
});

const ask = (body: Record<string, unknown> | string, headers?: Record<string, string>) =>
  askEndpoint(instance.url, PATH, body, headers);

const streamed = (model: string, more: Record<string, unknown> = {}) =>
  ask({ model, stream: true, messages: [{ role: 'user', content: 'hi' }], ...more });

/** Asks for an answer that is `steps`, and `later` when the provider is asked again. */
function scripted(
  steps: readonly MockStep[],
  more: Record<string, unknown> = {},
  later: readonly MockStep[] = steps,
): Promise<EndpointAnswer> {
  const model = `scripted-${scripts.size}`;
  scripts.set(model, [steps, later]);
  return streamed(model, more);
}

const head: MockStep = { head: 200, headers: SSE_HEADERS };

/** What the instance wrote down about an answer. */
async function outcomeOf({ headers }: EndpointAnswer): Promise<unknown> {
  const id = headers.get('x-request-id');
  const mine = (line: LogLine) => line.stage === '6' && line.thread_id === id;
  return (await until('the stream’s last line', () => instance.lines.find(mine))).outcome;
}

/** The JSON of the last event. */
function lastEvent(text: string): Record<string, unknown> {
  return JSON.parse(
    text
      .trimEnd()
      .split('\n\n')
      .at(-1)
      ?.replace(/^data: /, '') ?? '',
  );
}

describe('a streamed answer is the provider’s, byte for byte', () => {
  const cut = (text: string): MockStep[] =>
    [...Buffer.from(text)].flatMap((byte, at) => [
      { write: Uint8Array.of(byte) },
      ...(at % 97 === 0 ? [{ pause: 1 }] : []),
    ]);

  describe.each(Object.entries(CHAT_ANSWERS))('with %s', (_, frames) => {
    it.each<[string, (text: string) => MockStep[]]>([
      ['as it is', (text) => [{ write: text }]],
      ['an event a write', (text) => text.split(/(?<=\n\n)/).flatMap((event) => [{ write: event }, { pause: 2 }])],
      ['cut at every byte', cut],
      ['with CRLF, cut at every byte', (text) => cut(text.replaceAll('\n', '\r\n'))],
      ['with lone CR', (text) => [{ write: text.replaceAll('\n', '\r') }]],
      ['with a BOM', (text) => [{ write: `\ufeff${text}` }]],
      ['without the last blank line', (text) => [{ write: text.trimEnd() }]],
    ])('%s', async (_name, steps) => {
      const writes = steps(frames);
      const sent = Buffer.concat(writes.flatMap((step) => ('write' in step ? [Buffer.from(step.write)] : [])));
      const answer = await scripted([head, ...writes], { n: frames.includes('"index":1') ? 2 : 1 });
      expect(answer.bytes.toString('latin1')).toBe(sent.toString('latin1'));
      expect(answer.status).toBe(200);
      expect(await outcomeOf(answer)).toBe('ok');
    });
  });

  it('thousands of events in one read, and one that is huge', async () => {
    const many = answerFrames(['é🌉x'.repeat(300_000), ...Array.from({ length: 5_000 }, (_, at) => `${at} `)], true);
    expect((await scripted([head, { write: many }])).text === many).toBe(true);
  });

  it('without what comes after [DONE]', async () => {
    const { text } = await streamed('mock-after-done');
    expect(text).toBe(answerFrames(['One ', 'two.'], false));
  });
});

describe('what the provider gets', () => {
  const body = `{ "stream":true,  "model" : "openai/mock-2x0",
    "messages":[{"role":"user","content":[{"type":"text","text":"é \\u00e9"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],
    "seed":12345678901234567890, "temperature":1.0, "response_format":{"type":"json_object"}, "unknown":{"model":"x"} }`;

  it('is what the client wrote, but for the model', async () => {
    expect((await ask(body)).status).toBe(200);
    expect(provider.requests.at(-1)?.raw).toBe(body.replace('openai/mock-2x0', 'mock-2x0'));
  });

  it('comes with the key of the deployment, and with nothing else of the client', async () => {
    await ask(body, { 'User-Agent': 'example-app/1', Cookie: 'a=b', 'X-Api-Key': 'sk-of-the-client' });
    const headers = provider.requests.at(-1)?.headers ?? {};
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(headers)).not.toMatch(/sk-of-the-client|example-app|a=b/);
  });

  it('may be 20 MiB', async () => {
    const url = `data:image/png;base64,${'A'.repeat(20 * 1024 * 1024)}`;
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }];
    expect((await ask({ model: 'mock-2x0', messages })).status).toBe(200);
    expect(provider.requests.at(-1)?.body.messages).toEqual(messages);
  });
});

describe('a provider that fails before its head', () => {
  it.each([
    ['mock-401', 401, 'Incorrect API key provided.', 'upstream_error'],
    ['mock-429', 429, 'Rate limit reached.', 'upstream_rate_limited'],
    ['mock-500', 500, 'The server had an error.', 'upstream_error'],
  ])('(%s) has its own error and status passed on (%i)', async (model, status, message, outcome) => {
    for (const stream of [true, false]) {
      const answer = await streamed(model, { stream });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ error: { message } });
      expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null);
      expect(answer.headers.get('x-request-id')).toBeTruthy();
      expect(await outcomeOf(answer)).toBe(outcome);
    }
  });

  it.each(['mock-redirect', 'mock-html'])('(%s) is 502 where its answer is no API’s', async (model) => {
    const answer = await streamed(model);
    expect(answer.status).toBe(502);
    const error = {
      type: 'server_error',
      code: 'upstream_error',
      param: null,
      message: expect.stringMatching(/base URL/),
    };
    expect(JSON.parse(answer.text)).toEqual({ error });
  });

  it('never has its key repeated to a client', async () => {
    const answer = await scripted([
      { head: 401, headers: { 'content-type': 'application/json' } },
      { write: `{"error":{"message":"Incorrect API key provided: ${KEY.slice(0, 6)}` },
      { pause: 20 },
      { write: `${KEY.slice(6)}."}}` },
    ]);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('Incorrect API key provided: [key].');
  });

  it('never has its key repeated in mid-stream, in a whole answer, in a header, or escaped', async () => {
    const escaped = KEY.replaceAll('-', '\\u002d');
    const error = `{"error":{"message":"${KEY} and ${escaped}"}}`;
    const streamHead: MockStep = {
      head: 200,
      headers: { ...SSE_HEADERS, 'x-ratelimit-key': KEY, 'x-request-id': KEY },
    };
    const body = answerFrames(['word '], false).replace(/data: \[DONE\]\n\n$/, '');
    const [piece = ''] = body.split('"finish_reason":"stop"');
    const whole = `${piece.slice(0, piece.lastIndexOf('data: '))}data: ${error.slice(0, 24)}`;
    const cut = await scripted([streamHead, { write: whole }, { pause: 20 }, { write: `${error.slice(24)}\n\n` }]);
    expect([cut.status, cut.headers.get('x-ratelimit-key'), cut.headers.get('x-upstream-request-id')]).toEqual([
      200,
      '[key]',
      '[key]',
    ]);
    expect(cut.text).toContain('word ');
    expect(lastEvent(cut.text)).toEqual({ error: { message: '[key] and [key]' } });
    const own = `data: {"object":"error","message":"${KEY}"}\n\n`;
    const unknown = await scripted([streamHead, { write: own }, { pause: 20 }, { write: answerFrames(['a'], false) }]);
    expect(unknown.text).toBe(own.replace(KEY, '[key]') + answerFrames(['a'], false));
    // Without a last blank line, too.
    const last = await scripted([streamHead, { write: `${whole}${error.slice(24)}` }]);
    expect(lastEvent(last.text)).toEqual({ error: { message: '[key] and [key]' } });
    const json: MockStep = { head: 200, headers: { 'content-type': 'application/json', 'x-request-id': KEY } };
    const answer = await scripted([json, { write: error }], { stream: false });
    expect([answer.status, answer.text]).toEqual([200, '{"error":{"message":"[key] and [key]"}}']);
    const odd = await scripted([{ head: 200, headers: { 'content-type': `text/${KEY}` } }, { write: 'x' }]);
    expect([odd.status, odd.text]).toEqual([502, expect.stringContaining('text/[key]')]);
  });

  it('is 502 where it can not be reached', async () => {
    const lonely = await startInstance({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
    const answer = await askEndpoint(lonely.url, PATH, { model: 'openai/m', stream: true });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'upstream_error' } });
    await lonely.stop();
  });
});

describe('a provider that fails after its head', () => {
  it.each([
    ['mock-reset', 'upstream_truncated'],
    ['mock-no-finish', 'upstream_truncated'],
  ])('(%s) leaves what it said, an error, and no [DONE]', async (model, code) => {
    const answer = await streamed(model);
    const { text } = answer;
    expect(text.match(/"content":"(One|two|three) "/g)).toHaveLength(3);
    expect(text).not.toContain('[DONE]');
    expect(lastEvent(text)).toMatchObject({ error: { code, type: 'server_error' } });
    expect(await outcomeOf(answer)).toBe(code);
  });

  it.each(['mock-error-first', 'mock-error-mid-stream'])('(%s) has its own error passed on', async (model) => {
    const answer = await streamed(model);
    const { text } = answer;
    expect(text).not.toContain('[DONE]');
    expect(lastEvent(text)).toMatchObject({
      error: { type: 'server_error', message: /first/.test(model) ? 'Overloaded.' : 'The model crashed.' },
    });
    expect(await outcomeOf(answer)).toBe('upstream_error');
  });

  it('in the middle of an event: the half is left out, so that the error can be read', async () => {
    const { text } = await scripted([head, { write: answerFrames(['One ', 'two '], false).slice(0, -150) }]);
    for (const event of text.trimEnd().split('\n\n')) expect(() => JSON.parse(event.slice(6))).not.toThrow();
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_truncated' } });
  });

  it('with an event that has no end is an error, not a full memory', async () => {
    const part: MockStep = { write: 'x'.repeat(1024 * 1024) };
    const { text } = await scripted([head, { write: 'data: ' }, ...Array(18).fill(part)]);
    expect(lastEvent(text)).toMatchObject({ error: { code: 'upstream_protocol' } });
  });
});

describe.concurrent('silence', () => {
  const words = answerFrames(['One ', 'two.'], false);
  const heartbeat = ': hb\n\n';

  it('is filled between events, and never inside one', async () => {
    const [half, rest] = [words.slice(0, 250), words.slice(250)];
    const { text } = await scripted([head, { write: half }, { pause: 11_000 }, { write: rest }]);
    expect(text.replace(heartbeat, '')).toBe(words);
    const border = half.lastIndexOf('\n\n') + 2;
    expect(text.slice(border, border + heartbeat.length)).toBe(heartbeat);
  });

  it('of a provider without a head ends with ours; its refusal is then an event', async () => {
    const refusal: MockStep[] = [{ head: 429 }, { write: '{}' }];
    const answer = await scripted([{ pause: 11_000 }, ...refusal], {}, refusal);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(lastEvent(answer.text)).toMatchObject({ error: { code: 'upstream_rate_limited' } });
  });

  it('of a provider after its [DONE] holds no client: the answer ends, and the call is given up', async () => {
    const messages = [{ role: 'user', content: 'never ends' }];
    const { text } = await scripted([head, { write: answerFrames(['One '], false) }, { hang: true }], { messages });
    expect(text).toBe(answerFrames(['One '], false));
    expect(provider.peak('never ends')).toBe(1);
    await until('the call is given up', () => provider.openFor('never ends') === 0);
  });
});

it('a connection serves another request after a stream', async () => {
  const post = streamPost({ model: 'mock-2x0', stream: true }, {}, PATH);
  const raw = rawConnection(
    instance.port,
    post + streamPost({ model: 'mock-2x0', stream: true }, { Connection: 'close' }, PATH),
  );
  await raw.ended;
  expect(raw.received().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(raw.received().match(/data: \[DONE\]\n\n\r\n0\r\n\r\n/g)).toHaveLength(2);
});

it('HTTP/1.0 gets the bytes as they are, up to the end of its connection', async () => {
  const post = streamPost({ model: 'mock-2x0', stream: true }, {}, PATH).replace('HTTP/1.1', 'HTTP/1.0');
  const raw = rawConnection(instance.port, post);
  await raw.ended;
  expect(raw.received().split('\r\n\r\n')[1]).toBe(answerFrames(['word ', 'word '], false));
});

describe('an answer that is not streamed', () => {
  it('is the provider’s, with the headers that clients read', async () => {
    const text = JSON.stringify({ object: 'chat.completion', choices: [{ message: { content: 'é' } }], unknown: 1 });
    const answer = await scripted(
      [
        {
          head: 200,
          headers: {
            'content-type': 'application/json',
            'x-ratelimit-remaining-requests': '9',
            'x-request-id': 'req_of_the_provider',
            'set-cookie': 'a=b',
          },
        },
        { write: text },
      ],
      { stream: false },
    );
    expect(answer.text).toBe(text);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-ratelimit-remaining-requests')).toBe('9');
    expect(answer.headers.get('x-upstream-request-id')).toBe('req_of_the_provider');
    expect(answer.headers.get('x-request-id')).toBe(answer.headers.get('x-thread-id'));
    expect(answer.headers.get('x-instance-id')).toBe('app-1');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('is 502 where it breaks off', async () => {
    const steps: MockStep[] = [{ head: 200, headers: { 'content-type': 'application/json' } }, { write: '{"a":' }];
    const answer = await scripted([...steps, { pause: 20 }, { reset: true }], { stream: false });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'upstream_truncated' } });
  });
});
