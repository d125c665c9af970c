import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamEvents } from 'weir-client';
import { chatFormat } from '../../../src/formats/chat/chat_format.ts';
import type { Format } from '../../../src/formats/format.ts';
import { messagesFormat } from '../../../src/formats/messages/messages_format.ts';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { answerFrames, chunkFrame } from '../../support/openai_frames.ts';
import { type RouteFile, routeFile } from '../../support/route_files.ts';

const FAKE = {
  text: 'Grüße, 流れる',
  reasoning_tokens: 3,
  tool_calls: 2,
  ttft_ms: 0,
  tokens_per_second: 0,
};

let gateway: Gateway;
let url: string;
let routes: RouteFile;
let provider: Server;
/** What the provider answers now. */
let isProviderUp = true;
let frames = answerFrames(['One ', 'two.'], true);
beforeAll(async () => {
  provider = createServer((request, response) => {
    request.resume();
    if (!isProviderUp) {
      response.writeHead(401).end('{}');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(frames);
  });
  await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  routes = routeFile({
    providers: { real: { base_url } },
    routes: {
      both: {
        targets: [
          { provider: 'real', model: 'm' },
          { provider: 'fake', model: 'demo' },
        ],
      },
      reverse: {
        targets: [
          { provider: 'fake', model: 'demo' },
          { provider: 'real', model: 'm' },
        ],
      },
    },
  });
  ({ gateway, url } = await startGateway({ WEIR_CONFIG: routes.file, LOG_LEVEL: 'error' }));
});
afterAll(async () => {
  await stopGateway(gateway);
  provider.close();
  routes[Symbol.dispose]();
});

const post = (path: string, body: object) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'fake/demo', ...body }),
  });
const said = [{ role: 'user', content: 'hi' }];

const FORMATS: [string, Format, string, object][] = [
  ['chat', chatFormat, '/v1/chat/completions', { messages: said, stream_options: { include_usage: true } }],
  ['responses', responsesFormat, '/v1/responses', { input: 'hi' }],
  ['messages', messagesFormat, '/v1/messages', { messages: said, max_tokens: 99 }],
];

/** Neighbours of one kind joined, as a whole answer has them, without what differs between formats. */
function joined(parts: readonly StreamPart[]): unknown[] {
  const out: Record<string, unknown>[] = [];
  for (const part of parts) {
    if (part.type === 'usage') continue;
    const last = out.at(-1);
    const isSame = last?.type === part.type && last.index === (part as { index?: number }).index;
    if (isSame && 'text' in part) last.text += part.text;
    else if (isSame && 'json' in part) last.json += part.json;
    // The fake provider counts its calls, so a reader gives each a random id: of this length.
    else out.push(part.type === 'tool_call' ? { ...part, id: part.id.length } : { ...part });
  }
  // Some formats send the arguments of all calls at the end.
  const rank = ({ type, index = 0 }: Record<string, unknown>) =>
    type === 'tool_call' ? 2 * (index as number) + 1 : type === 'tool_arguments' ? 2 * (index as number) + 2 : 0;
  return out.filter(({ type }) => type !== 'finish').sort((a, b) => rank(a) - rank(b));
}

function readStream(format: Format, text: string): StreamPart[] {
  const reader = format.reader();
  const data = text.split('\n\n').flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
  return [...data.flatMap((each) => reader.read(each)), ...reader.end()];
}

const WANTED = [
  { type: 'reasoning', text: expect.stringMatching(/^\S/) },
  { type: 'text', text: FAKE.text },
  { type: 'tool_call', index: 0, id: 37, name: 'search' },
  { type: 'tool_arguments', index: 0, json: expect.stringMatching(/^\{"query":".+","limit":1\}$/s) },
  { type: 'tool_call', index: 1, id: 37, name: 'read_file' },
  { type: 'tool_arguments', index: 1, json: expect.stringMatching(/^\{"query":".+","limit":2\}$/s) },
];

describe.each(FORMATS)('the fake provider, asked in the format of %s', (_, format, path, body) => {
  it('sends reasoning, text and tool calls, streamed and whole, each in its place', async () => {
    const streamed = await post(path, { ...body, stream: true, fake: FAKE });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const parts = readStream(format, await streamed.text());
    const whole = format.readAnswer(await (await post(path, { ...body, fake: FAKE })).json());
    expect(joined(parts)).toEqual(WANTED);
    expect(joined(whole)).toEqual(joined(parts));
    for (const each of [parts, whole]) expect(each.at(-1)).toEqual({ type: 'finish', reason: 'tool_calls' });
    const usage = parts.find(({ type }) => type === 'usage');
    expect(whole.find(({ type }) => type === 'usage')).toEqual(usage);
    expect(usage).toMatchObject({ usage: { input: 1 } });
  });

  it('names a knob that is out of its bounds', async () => {
    const { status, text } = await post(path, { ...body, fake: { tool_calls: 17 } }).then(async (answer) => ({
      status: answer.status,
      text: await answer.text(),
    }));
    expect(status).toBe(422);
    expect(text).toContain('fake.tool_calls');
  });
});

describe('parts on /api/v1/stream', () => {
  const open = async (body: object) => {
    const events: StreamEvent[] = [];
    const request = { query: 'hi', model: 'demo', provider: 'fake', fake: FAKE, ...body };
    for await (const event of streamEvents(request, { baseUrl: `${url}/api/v1`, verify: true })) events.push(event);
    return events;
  };
  const named = <T extends StreamEvent['type']>(events: StreamEvent[], type: T) =>
    events.filter((event): event is Extract<StreamEvent, { type: T }> => event.type === type);

  it('come as events of their own, numbered with the chunks; totals are of the text', async () => {
    const events = await open({ parts: true });
    expect(events.map(({ id }) => Number(id.split('.')[1]))).toEqual(events.map((_, at) => at));
    expect(named(events, 'reasoning')).toHaveLength(3);
    const calls = named(events, 'tool_call').map(({ data }) => data);
    expect(calls.filter(({ id }) => id !== undefined)).toEqual([
      { index: 0, id: 'call_1', name: 'search', arguments: '' },
      { index: 1, id: 'call_2', name: 'read_file', arguments: '' },
    ]);
    const json = calls.flatMap(({ index, arguments: piece }) => (index === 1 ? piece : [])).join('');
    expect(JSON.parse(json)).toMatchObject({ limit: 2 });
    const [complete] = named(events, 'complete');
    expect(complete?.data).toMatchObject({
      chunk_count: named(events, 'chunk').length,
      total_length: [...FAKE.text].length,
      finish_reason: 'tool_calls',
      sha256: createHash('sha256').update(FAKE.text).digest('hex'),
      usage: { input_tokens: 1, output_tokens: expect.any(Number), estimated: false },
    });
  });

  it('stay away where they are not asked for', async () => {
    const types = new Set((await open({})).map(({ type }) => type));
    expect([...types]).toEqual(['status', 'chunk', 'complete']);
  });

  it('are read of a provider of chat completions, in whatever shape it sends them', async () => {
    const before = frames;
    const call = (index: number, more: object) => chunkFrame({ tool_calls: [{ index, ...more }] });
    frames =
      chunkFrame({ role: 'assistant', content: '', reasoning_content: 'Hm, ' }) +
      chunkFrame({ reasoning_content: 'grüß ' }) +
      chunkFrame({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'it.' }] }] }) +
      chunkFrame({ content: 'Höre.' }) +
      call(0, { id: 'c', type: 'function', function: { name: 'f', arguments: '' } }) +
      call(0, { function: { arguments: '{"ä":' } }) +
      call(0, { function: { arguments: '1}' } }) +
      chunkFrame({}, 'tool_calls') +
      'data: [DONE]\n\n';
    const real = { provider: 'real', fake: undefined };
    const events = await open({ ...real, parts: true });
    const plain = await open(real);
    frames = before;
    expect(named(events, 'reasoning').map(({ data }) => data.content)).toEqual(['Hm, ', 'grüß ', 'it.']);
    expect(named(events, 'tool_call').map(({ data }) => data)).toEqual([
      { index: 0, id: 'c', name: 'f', arguments: '' },
      { index: 0, arguments: '{"ä":' },
      { index: 0, arguments: '1}' },
    ]);
    expect(named(events, 'complete')[0]?.data).toMatchObject({ chunk_count: 1, finish_reason: 'tool_calls' });
    expect(plain.map(({ type }) => type)).toEqual(['status', 'chunk', 'complete']);
  });
});

describe('the fake provider beside a real one', () => {
  const chat = async (model: string, stream = true, fake: object = { ...FAKE, tool_calls: 0, reasoning_tokens: 0 }) => {
    const answer = await post('/v1/chat/completions', { model, messages: said, stream, fake });
    return { status: answer.status, text: await answer.text() };
  };

  it('is asked where the other fails, streamed and whole, and not before', async () => {
    const text = ({ text }: { text: string }) => joined(readStream(chatFormat, text));
    expect(text(await chat('both'))).toEqual([{ type: 'text', text: 'One two.' }]);
    isProviderUp = false;
    expect(text(await chat('both'))).toEqual([{ type: 'text', text: FAKE.text }]);
    const whole = await chat('both', false);
    expect(joined(chatFormat.readAnswer(JSON.parse(whole.text)))).toEqual([{ type: 'text', text: FAKE.text }]);
    isProviderUp = true;
    expect(text(await chat('both'))).toEqual([{ type: 'text', text: 'One two.' }]);
  });

  it('fails over to the real one, and is cut like any other once it has begun', async () => {
    const { text } = await chat('reverse', true, { fault: 'rate_limit' });
    expect(joined(readStream(chatFormat, text))).toEqual([{ type: 'text', text: 'One two.' }]);
    const cut = await chat('reverse', true, { ...FAKE, reasoning_tokens: 1, fault: 'cut@2' });
    expect(cut.text).not.toContain('[DONE]');
    expect(readStream(chatFormat, cut.text).at(-1)).toMatchObject({ type: 'error' });
  });

  it('answers clients of the formats that the other does not speak', async () => {
    const answer = await post('/v1/messages', {
      model: 'both',
      messages: said,
      max_tokens: 9,
      fake: { text: 'Hello.' },
    });
    expect(messagesFormat.readAnswer(await answer.json())[0]).toEqual({ type: 'text', text: 'Hello.' });
  });

  it('has its tokens estimated, which the answer says', async () => {
    const system = 'x'.repeat(400);
    const answer = await post('/v1/messages/count_tokens', { messages: said, system });
    expect(answer.headers.get('x-weir-estimated')).toBe('input_tokens');
    // A quarter of its bytes, and four for each of two messages.
    expect(await answer.json()).toEqual({ input_tokens: 109 });
  });
});
