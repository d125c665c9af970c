import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { answerFrames } from '../../support/openai_frames.ts';
import { type RouteFile, routeFile } from '../../support/route_files.ts';

let gateway: Gateway;
let url: string;
let routes: RouteFile;
let provider: Server;
/** What the provider answers now. */
let status = 200;
let frames = '';
let asked = 0;
beforeAll(async () => {
  provider = createServer((request, response) => {
    request.resume();
    asked += 1;
    const type = status === 200 ? 'text/event-stream' : 'application/json';
    response.writeHead(status, { 'Content-Type': type, 'x-ratelimit-remaining-requests': '7' });
    response.end(status === 200 ? frames : '{"error":{"message":"no","code":"its own"}}');
  });
  await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  routes = routeFile({
    providers: { real: { base_url } },
    routes: { kept: { targets: [{ provider: 'real', model: 'm' }], resumable: true } },
  });
  const config = { WEIR_CONFIG: routes.file, LOG_LEVEL: 'error', TRUSTED_PROXIES: '127.0.0.1' };
  ({ gateway, url } = await startGateway(config));
});
afterAll(async () => {
  await stopGateway(gateway);
  provider.close();
  routes[Symbol.dispose]();
});

const RESUMABLE = { 'X-Weir-Resumable': 'true' };
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Real-IP': '10.0.0.1', ...headers },
    body: JSON.stringify(body),
  });
const read = (threadId: string | null, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/v1/stream/${threadId}`, { headers: { 'X-Real-IP': '10.0.0.1', ...headers } });
const threadOf = (answer: Response) => answer.headers.get('x-thread-id');

const said = [{ role: 'user', content: 'hi' }];
const FAKE = { text: 'Grüße, "流れる"\n🎉 '.repeat(4), ttft_ms: 0, tokens_per_second: 0 };
const BODIES: [string, string, object][] = [
  ['chat', '/v1/chat/completions', { messages: said, stream_options: { include_usage: true } }],
  ['responses', '/v1/responses', { input: 'hi' }],
  ['messages', '/v1/messages', { messages: said, max_tokens: 99 }],
];

/** Without our ids; each is the last line of its event. */
const withoutIds = (text: string) => text.replace(/^id: \d+\.\d+\n/gm, '');
const idsIn = (text: string) => Array.from(text.matchAll(/^id: (\d+\.\d+)$/gm), ([, id]) => id as string);
/** Heartbeats and notices. */
const withoutComments = (text: string) => text.replace(/^: .*\n\n/gm, '');
/** What is another for each stream. */
const neutral = (text: string) =>
  text.replace(/"created(_at)?":\d+/g, '"created":0').replace(/[a-z]+_[\da-f]{8}-[\da-f-]{27}/g, 'id');

describe.each(BODIES)('a resumable stream of %s', (_, path, more) => {
  const body = { model: 'fake/demo', stream: true, fake: FAKE, ...more };

  it('is what a plain one is, but for the ids of its events, which count without a gap', async () => {
    const plain = await post(path, body, { 'X-Thread-ID': `plain${path.length}` });
    const resumable = await post(path, body, { 'X-Thread-ID': `resum${path.length}`, ...RESUMABLE });
    expect(plain.headers.get('x-resume-token')).toBeNull();
    expect(resumable.headers.get('x-resume-token')).toMatch(/^[\w-]{22}$/);
    const text = withoutComments(await resumable.text());
    const expected = (await plain.text()).replaceAll(`plain${path.length}`, `resum${path.length}`);
    expect(neutral(withoutIds(text))).toBe(neutral(expected));
    const events = text.split('\n\n').filter((event) => event !== '').length;
    expect(idsIn(text)).toEqual(Array.from({ length: events }, (__, at) => `1.${at + 1}`));
  });

  it('is read again byte for byte: whole, and from any of its events on', async () => {
    const first = await post(path, { ...body, fake: { ...FAKE, reasoning_tokens: 2, tool_calls: 2 } }, RESUMABLE);
    const text = withoutComments(await first.text());
    const clean = async (answer: Response) => withoutComments(await answer.text());
    expect(await clean(await read(threadOf(first), RESUMABLE))).toBe(text);
    expect(await clean(await read(threadOf(first)))).toBe(withoutIds(text));
    for (const id of idsIn(text).slice(0, -1)) {
      const rest = await clean(await read(threadOf(first), { 'Last-Event-ID': id }));
      expect(rest).toBe(text.slice(text.indexOf(`id: ${id}\n\n`) + `id: ${id}\n\n`.length));
    }
    const last = { 'Last-Event-ID': idsIn(text).at(-1) as string };
    expect((await read(threadOf(first), last)).status).toBe(204);
  });

  it('tells a client that is beyond the log so in its own format', async () => {
    const first = await post(path, body, RESUMABLE);
    await first.text();
    const text = await (await read(threadOf(first), { 'Last-Event-ID': '1.9999' })).text();
    expect(text).toContain('The log holds less than this client received.');
    expect(text).not.toContain('[DONE]');
  });

  it('is nothing to another user without its token', async () => {
    const first = await post(path, body, RESUMABLE);
    await first.text();
    const other = { 'X-Real-IP': '10.0.0.2' };
    expect((await read(threadOf(first), other)).status).toBe(404);
    const token = { 'X-Resume-Token': first.headers.get('x-resume-token') as string };
    expect((await read(threadOf(first), { ...other, ...token })).status).toBe(200);
  });

  it('ends with the error of a provider that breaks, also for later readers', async () => {
    const first = await post(path, { ...body, fake: { ...FAKE, fault: 'cut@5' } }, RESUMABLE);
    const text = withoutComments(await first.text());
    expect(text).toContain('The provider ended its answer in the middle.');
    const again = withoutComments(await (await read(threadOf(first), RESUMABLE)).text());
    expect(again).toBe(text);
  });
});

describe('a route whose streams are resumable', () => {
  const body = { model: 'kept', messages: said, stream: true };

  it.each([
    ['as OpenAI sends it', (text: string) => text],
    [
      'with other line ends, comments and a field of its own',
      (text: string) => {
        return `: welcome\r\n\r\n${text.replaceAll('\n', '\r\n').replace('data: ', 'id: 5\r\ndata: ')}`;
      },
    ],
  ])('gives its clients the bytes of the provider, %s', async (_, change) => {
    frames = change(answerFrames(['One ', 'grüße ', '流れる'], true));
    const first = await post('/v1/chat/completions', body);
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('7');
    expect(first.headers.get('x-resume-token')).not.toBeNull();
    expect(await first.text()).toBe(frames);
    expect(await (await read(threadOf(first))).text()).toBe(frames);
  });

  it('gives a client all of an answer that is longer than its log may be, says so, and can not be read again', async () => {
    // No two alike: what repeats is kept once.
    const texts = Array.from({ length: 600 }, (_, at) => String.fromCharCode(0x100 + at).repeat(8_000));
    frames = answerFrames(texts, true);
    const plain = await post('/v1/chat/completions', body);
    expect((await plain.text()) === frames).toBe(true);
    const first = await post('/v1/chat/completions', body, { 'X-Real-IP': '10.0.0.3', ...RESUMABLE });
    const text = await first.text();
    expect(text.match(/^: .*too long to be kept.*$/gm)).toHaveLength(1);
    expect(withoutIds(withoutComments(text)) === frames).toBe(true);
    for (const answer of [plain, first]) {
      const own = { 'X-Resume-Token': answer.headers.get('x-resume-token') as string };
      expect((await read(threadOf(answer), own)).status).toBe(404);
    }
  });

  it('gives them its refusals, too, and keeps nothing', async () => {
    status = 429;
    const refused = await post('/v1/chat/completions', body);
    status = 200;
    expect(refused.status).toBe(429);
    expect(await refused.json()).toEqual({ error: { message: 'no', code: 'its own' } });
    expect((await read(threadOf(refused))).status).toBe(404);
  });

  it('answers the same Idempotency-Key with the same answer, once', async () => {
    frames = answerFrames(['One ', 'two'], true);
    const before = asked;
    const key = { 'Idempotency-Key': 'mine' };
    const first = await post('/v1/chat/completions', body, key);
    const text = await first.text();
    const second = await post('/v1/chat/completions', body, key);
    expect(threadOf(second)).toBe(threadOf(first));
    expect(await second.text()).toBe(text);
    expect(asked).toBe(before + 1);
    const other = await post('/v1/chat/completions', { ...body, messages: [...said, ...said] }, key);
    expect(other.status).toBe(422);
    // The same bytes are another request elsewhere.
    expect((await post('/v1/messages', body, key)).status).toBe(422);
  });

  it('answers what is not streamed as any other does', async () => {
    const whole = await post('/v1/chat/completions', { model: 'fake/demo', messages: said, fake: FAKE }, RESUMABLE);
    expect(await whole.json()).toMatchObject({ choices: [{ message: { content: FAKE.text } }] });
    expect(whole.headers.get('x-resume-token')).toBeNull();
  });
});

describe('a resumable stream with parts of /api/v1/stream', () => {
  it('is read again byte for byte, from any of its events on', async () => {
    const fake = { ...FAKE, reasoning_tokens: 3, tool_calls: 2 };
    const body = { query: 'hi', provider: 'fake', model: 'demo', parts: true, resumable: true, fake };
    const first = await post('/api/v1/stream', body);
    const clean = (text: string) => text.replace(/^(: .*|event: notice\n.*)\n\n/gm, '');
    const text = clean(await first.text());
    for (const kind of ['status', 'reasoning', 'chunk', 'tool_call', 'complete'])
      expect(text).toContain(`event: ${kind}`);
    expect(clean(await (await read(threadOf(first))).text())).toBe(text);
    const ids = idsIn(text);
    expect(ids).toEqual(ids.map((_, at) => `1.${at}`));
    for (const id of ids.slice(0, -1)) {
      const rest = clean(await (await read(threadOf(first), { 'Last-Event-ID': id })).text());
      expect(rest).toBe(text.slice(text.indexOf('id: ', text.indexOf(`id: ${id}\n`) + 1)));
    }
  });
});
