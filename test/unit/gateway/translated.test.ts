import { describe, expect, it } from 'vitest';
import { streamEvents } from 'weir-client';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import {
  type Asked,
  CELLS,
  FORMATS,
  headOf,
  joined,
  NAMES,
  PARTS,
  PATHS,
  readStream,
  refuses,
  translatingGateway,
} from '../../support/translating_gateway.ts';

const { url, mock, asked, post, metrics } = await translatingGateway();

describe.each(CELLS)('a client of %s at an upstream of %s', (client, upstream) => {
  const model = `${upstream}/m`;
  const format = FORMATS[client];

  it('streams the whole answer in its own format', async () => {
    const answer = await post(client, { model, stream: true });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('x-upstream-request-id')).toBe('req-of-the-provider');
    expect(joined(readStream(format, await answer.text()))).toEqual(joined(PARTS));
    const [{ path, body, headers }] = asked as [Asked];
    expect([path.endsWith(PATHS[upstream]), body.model, body.stream]).toEqual([true, 'm', true]);
    if (upstream === 'chat') expect(body.stream_options).toEqual({ include_usage: true });
    if (upstream === 'messages') expect(headers['anthropic-version']).toBe('2023-06-01');
    if (client !== upstream) expect(headers['anthropic-beta']).toBeUndefined();
  });

  it('has it whole, asked whole', async () => {
    const answer = await post(client, { model });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(joined(format.readAnswer(await answer.json()))).toEqual(joined(PARTS));
    expect(asked.map(({ body }) => body.stream ?? false)).toEqual([false]);
  });

  it('is refused in its own format, in the provider’s words, with what clients read of its limits', async () => {
    const limits: Record<string, string> =
      upstream === 'messages'
        ? { 'anthropic-ratelimit-requests-remaining': '3' }
        : { 'x-ratelimit-remaining-requests': '3' };
    const error = { type: 'rate_limit_error', message: 'Slow down, ä.', code: null, param: null };
    mock.reply = refuses(429, { type: 'error', error }, { ...limits, 'retry-after': '20' });
    for (const stream of [true, false]) {
      const answer = await post(client, { model, stream });
      const { headers } = answer;
      expect([answer.status, headers.get('x-weir-refused-by'), headers.get('retry-after')]).toEqual([
        429,
        upstream,
        '20',
      ]);
      const left = client === 'messages' ? 'anthropic-ratelimit-requests-remaining' : 'x-ratelimit-remaining-requests';
      expect(headers.get(left)).toBe('3');
      expect(await answer.json()).toMatchObject({ error: { type: 'rate_limit_error', message: 'Slow down, ä.' } });
    }
  });
});

describe.each(NAMES)('/api/v1/stream at an upstream of %s', (provider) => {
  const events = async (body: object) => {
    const request = { query: 'Hi.', provider, model: 'm', ...body };
    const all = await Array.fromAsync(streamEvents(request, { baseUrl: `${url}/api/v1`, verify: true }));
    const said = all.filter(({ type }) => type !== 'notice');
    return said.map(({ type, data }) => [type, 'content' in data ? data.content : undefined]);
  };

  it.each([false, true])('brings its text, where the stream is resumable: %s', async (resumable) => {
    expect(await events({ resumable })).toEqual([
      ['status', undefined],
      ['chunk', 'Höre: '],
      ['chunk', '流れる.'],
      ['complete', undefined],
    ]);
  });

  it('brings reasoning and tool calls where they are asked for', async () => {
    const types = (await events({ parts: true })).map(([type]) => type);
    expect(types).toEqual([
      'status',
      ...['reasoning', 'reasoning', 'chunk', 'chunk'],
      ...['tool_call', 'tool_call', 'tool_call', 'complete'],
    ]);
  });
});

describe('what a provider’s format has no place for', () => {
  it('is refused before a slot is taken, with the names of the field and the provider', async () => {
    const before = await metrics('weir_streams_total');
    for (const [client, body, field] of [
      ['chat', { logprobs: true }, 'logprobs'],
      ['responses', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ] as const) {
      const answer = await post(client, { model: 'messages/m', ...body });
      expect(answer.status).toBe(400);
      const { error } = (await answer.json()) as { error: { message: string; param: string } };
      expect(error.param).toBe(field);
      expect(error.message).toContain('"messages"');
    }
    expect(asked).toEqual([]);
    expect(await metrics('weir_streams_total')).toEqual(before);
  });

  it('leads to the next target of its route, which is asked', async () => {
    const answer = await post('responses', { model: 'picky', previous_response_id: 'resp_1' });
    expect(answer.status).toBe(200);
    expect(asked.map(({ path }) => path)).toEqual([PATHS.responses]);
    expect(asked[0]?.body.previous_response_id).toBe('resp_1');
  });

  it('is named where it is harmless, streamed and whole', async () => {
    const more = { model: 'messages/m', seed: 7, 'x-\u00e4,b': undefined };
    for (const stream of [true, false]) {
      const answer = await post('chat', { ...more, stream });
      expect([answer.status, answer.headers.get('x-weir-dropped')]).toEqual([200, 'seed']);
      await answer.text();
    }
    expect((await post('chat', { model: 'chat/m', seed: 7 })).headers.get('x-weir-dropped')).toBeNull();
  });

  it('is its most tokens where the client names none: those of the configuration', async () => {
    for (const model of ['messages/small', 'messages/other']) await post('chat', { model });
    expect(asked.map(({ body }) => body.max_tokens)).toEqual([4_000, 8_192]);
  });
});

describe('a body of two MiB', () => {
  it.each(['messages/m', 'fake/demo'])('is read for %s as a small one is', async (model) => {
    const messages = [{ role: 'user', content: 'ä'.repeat(1024 * 1024) }];
    const answer = await post('chat', { model, messages, fake: { text: 'Hi.' } });
    expect(answer.status).toBe(200);
    if (model === 'messages/m') expect(JSON.stringify(asked[0]?.body)).toContain(messages[0]?.content);
  });

  it('is refused by its depth where it can’t be written again', async () => {
    const parameters = JSON.parse(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`);
    const tools = [{ type: 'function', function: { name: 'f', parameters } }];
    const answer = await post('chat', { model: 'messages/m', tools });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('nested deeper than 100 levels');
    expect((await post('chat', { model: 'chat/m', tools })).status).toBe(200);
  });
});

describe('a provider of another format that fails', () => {
  it.each([true, false])('with an error in its answer, streamed: %s, ends in the client’s error', async (stream) => {
    const error = { type: 'overloaded_error', message: 'Overloaded.' };
    mock.reply = (response) => {
      response.writeHead(200, { 'Content-Type': stream ? 'text/event-stream' : 'application/json' });
      response.end(
        stream ? `data: ${JSON.stringify({ type: 'error', error })}\n\n` : JSON.stringify({ type: 'error', error }),
      );
    };
    const answer = await post('chat', { model: 'messages/m', stream });
    if (!stream) expect(answer.status).toBe(429);
    const text = await answer.text();
    expect(text).not.toContain('[DONE]');
    expect(JSON.parse(text.replace(/^[\s\S]*data: /, ''))).toMatchObject({ error: { code: 'upstream_rate_limited' } });
  });

  it.each([
    ['a page', 'text/html', '<h1>Sign in</h1>'],
    ['JSON of another kind', 'application/json', '[1]'],
    ['no JSON', 'application/json', '{'],
  ])('with %s instead of a whole answer is 502', async (_, type, body) => {
    mock.reply = (response) => response.writeHead(200, { 'Content-Type': type }).end(body);
    const answer = await post('responses', { model: 'messages/m' });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { type: 'server_error' } });
  });

  it('is repeated without its key, and with a status that the client’s format has', async () => {
    mock.reply = refuses(529, { error: { type: 'overloaded_error', message: 'Busy, sk-of-the-deployment.' } });
    const answer = await post('chat', { model: 'messages/m' });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { message: 'Busy, [key].' } });
  });
});

describe('the records of a translated answer', () => {
  const tokens = async () => {
    const counts = (await metrics('weir_tokens_total{')).map((line) => Number(line.split(' ').at(-1)));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  it.each([true, false])('have the tokens that its provider counts, streamed: %s', async (stream) => {
    const before = await tokens();
    await (await post('chat', { model: 'messages/m', stream })).text();
    expect((await tokens()) - before).toBe(18);
  });

  it('have an estimate of all that was said where it was cut', async () => {
    const before = await tokens();
    mock.reply = (response) => {
      const writer = messagesFormat.writer(headOf('messages'));
      const call: StreamPart[] = [
        { type: 'tool_call', index: 0, id: 'call_a1', name: 'search' },
        { type: 'tool_arguments', index: 0, json: `{"q":"${'x'.repeat(393)}"` },
      ];
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(writer.begin() + call.map((part) => writer.write(part)).join(''));
    };
    await (await post('chat', { model: 'messages/m', stream: true })).text();
    // A quarter of what it said, and of the three characters that it was asked.
    expect((await tokens()) - before).toBe(101);
  });
});
