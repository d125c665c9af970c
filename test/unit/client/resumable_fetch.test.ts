import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ResumableFetchOptions, ResumeError, resumableFetch } from 'weir-client';
import { AnswerServer, type Cut, HEAD, type Instead, numbered, type ServedAnswer } from './answer_server.ts';

const chunk = (content: string, finish: string | null = null) =>
  `data: {"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
const CHAT = [chunk('Grüße, '), chunk('"finish_reason":"no" '), chunk('🌍'), chunk('', 'stop'), 'data: [DONE]\n\n'];

async function serve(answer: ServedAnswer): Promise<AnswerServer> {
  const server = await new AnswerServer(answer).listen();
  onTestFinished(() => server[Symbol.dispose]());
  return server;
}

interface Asked {
  path?: string;
  options?: ResumableFetchOptions;
  init?: RequestInit;
}

const ask = ({ origin }: AnswerServer, { path = '/v1/chat/completions', options, init }: Asked = {}) =>
  resumableFetch(options)(`${origin}${path}`, {
    method: 'POST',
    body: '{"stream":true}',
    headers: { 'content-type': 'application/json', authorization: 'Bearer k' },
    ...init,
  });

/** The body of one answer. */
async function bodyOf(answer: ServedAnswer, asked: Asked = {}): Promise<string> {
  return (await ask(await serve(answer), asked)).text();
}

const status =
  (code: number): Instead =>
  (response) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end('{"message":"Not now."}');

describe('resumableFetch', () => {
  it.each(['reset', 'end'] as const)('hands on the plain answer, cut at any byte (%s)', async (as) => {
    const events = ['data: "ü🌍"\n\n', ': theirs\r\ndata: 1\r\n\r\n', '\ndata: [DONE]\n\n'];
    const size = Buffer.byteLength(events.map((event) => numbered(event, '1.1')).join(''));
    const bodies = Array.from({ length: size }, (_, after) => bodyOf({ events, cuts: [{ after, as }] }));
    expect(new Set(await Promise.all(bodies))).toEqual(new Set([events.join('')]));
  });

  it('hands on any events, whatever their lines, over any number of connections', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => `data: ${JSON.stringify(text)}`),
      fc.constantFrom('event: some', 'id: theirs', 'id: 7', ': comment', 'data', 'data:', 'retry: 3'),
    );
    const event = fc
      .tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\n'))
      .map(([lines, end, before]) => before + lines.map((each) => each + end).join('') + end);
    const cut = fc.record({ after: fc.nat(200), as: fc.constantFrom<Cut['as']>('reset', 'end') });
    const comments = fc.dictionary(
      fc.constantFrom('1', '2', '4'),
      fc.constantFrom(': hb\n\n', ': not_resumable: later\n\n'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 6 }),
        fc.array(cut, { maxLength: 4 }),
        comments,
        async (some, cuts, said) => {
          const events = [...some, 'data: [DONE]\n\n'];
          expect(await bodyOf({ events, cuts, comments: said })).toBe(events.join(''));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['/v1/messages', 'event: message_stop\ndata: {"type":"message_stop"}\n\n'],
    ['/v1/messages', 'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"m"}}\n\n'],
    ['/v1/responses', 'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n'],
    ['/v1/responses', 'data: {"sequence_number":9,"type": "response.failed"}\n\n'],
    ['/v1/responses', 'data: {"type":"response.incomplete"}\r\n\r\n'],
    ['/v1/responses', 'data: {"type":"response.cancelled"}\n\n'],
    ['/api/v1/chat', 'data: [DONE]\n\n'],
    ['/v1/chat/completions', 'data: [DONE]'],
  ])('%s is over after %j, and not asked for again', async (path, last) => {
    const events = ['data: {"type":"response.output_text.delta","delta":"message_stop"}\n\n', last];
    const server = await serve({ events });
    expect(await (await ask(server, { path })).text()).toBe(events.join(''));
    expect(server.calls).toEqual([`POST ${path}`]);
  });

  it.each([
    ['a finish reason', chunk('', 'stop')],
    ['an error', 'data: {"error":{"message":"m"}}\n\n'],
  ])('a chat without [DONE] is over after %s, where the server says that nothing follows', async (_, last) => {
    const events = [chunk('a'), last];
    const server = await serve({ events });
    expect(await (await ask(server)).text()).toBe(events.join(''));
    expect(server.calls).toEqual(['POST /v1/chat/completions', 'GET /api/v1/stream/t-1']);
  });

  it('resumes beside the endpoint, after the last whole event, with the key and the token', async () => {
    const cut = { after: Buffer.byteLength(CHAT[0]!) + 12, as: 'reset' } as const;
    const server = await serve({ events: CHAT, cuts: [cut] });
    expect(await (await ask(server, { path: '/weir/v1/chat/completions' })).text()).toBe(CHAT.join(''));
    expect(server.calls).toEqual(['POST /weir/v1/chat/completions', 'GET /weir/api/v1/stream/t-1']);
    const [opened, resumed] = server.seen.map(({ headers }) => headers);
    expect(opened).toMatchObject({ 'x-weir-resumable': 'true', authorization: 'Bearer k' });
    expect(resumed).toMatchObject({
      'last-event-id': '1.1',
      'x-resume-token': 'secret',
      'x-weir-resumable': 'true',
      authorization: 'Bearer k',
    });
    expect(resumed).not.toHaveProperty('content-type');
  });

  it('tries again while instances are replaced, and says why', async () => {
    const reasons: string[] = [];
    const cuts = [{ after: 30, as: 'reset' } as const];
    const answer = { events: CHAT, cuts, instead: { 1: status(503), 2: status(429) } };
    const options = { onInterrupt: (reason: string) => void reasons.push(reason) };
    expect(await bodyOf(answer, { options })).toBe(CHAT.join(''));
    expect(reasons).toEqual([
      expect.stringContaining('the connection broke'),
      expect.stringContaining('status 503: Not now.'),
      expect.stringContaining('status 429: Not now.'),
    ]);
  });

  const inTheMiddle = Buffer.byteLength(CHAT[0]!) + 20;
  const answers =
    (text: string): Instead =>
    (response) =>
      response.writeHead(200, HEAD).end(text);
  it.each<[string, Instead, string]>([
    ['is unknown by now', status(404), 'status 404: Not now.'],
    ['is another user’s', status(403), 'status 403: Not now.'],
    ['has ended without its end', status(204), 'status 204'],
    [
      'is answered by a page',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('data: x'),
      'status 200',
    ],
    ['goes on with another event than the next', answers('data: {}\nid: 2.4\n\n'), '2.4'],
    ['goes on under an older owner', answers('data: {}\nid: 0.2\n\n'), 'epoch 0'],
    ['ends with an error of the connection', answers('data: {"error":{"code":"log_regressed"}}\n\n'), 'log_regressed'],
  ])('fails, and never ends, where the answer %s', async (_, instead, reason) => {
    const server = await serve({ events: CHAT, cuts: [{ after: inTheMiddle, as: 'end' }], instead: { 1: instead } });
    const reader = (await ask(server)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(CHAT[0]);
    const failure = await reader.read().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResumeError);
    expect(String(failure)).toContain(reason);
    expect(server.calls).toHaveLength(2);
  });

  it('gives up where nothing answers any more', async () => {
    const server = await serve({ events: CHAT, cuts: [{ after: inTheMiddle, as: 'reset' }] });
    const answer = await ask(server, { options: { giveUpAfterMs: 200 } });
    const reader = answer.body!.getReader();
    await reader.read();
    server[Symbol.dispose]();
    await expect(reader.read()).rejects.toThrow('gave up');
  });

  it('connects anew where a connection is silent', async () => {
    const silent: Instead = (response) => void response.writeHead(200, HEAD).write('data: {}\nid: 1.1\n\n');
    const answer = { events: ['data: {}\n\n', 'data: [DONE]\n\n'], instead: { 0: silent } };
    expect(await bodyOf(answer, { options: { silenceMs: 100 } })).toBe('data: {}\n\ndata: [DONE]\n\n');
  });

  it.each<[string, (reader: ReadableStreamDefaultReader, abort: AbortController) => Promise<unknown>]>([
    ['is aborted', async (_, abort) => abort.abort(new Error('enough'))],
    ['is read no further', (reader) => reader.cancel()],
  ])('cancels the answer when it %s, but not once it is over', async (_, leave) => {
    const never: Instead = (response) => void response.writeHead(200, HEAD).write('data: {}\nid: 1.1\n\n');
    const server = await serve({ events: CHAT, instead: { 0: never } });
    const abort = new AbortController();
    const reader = (await ask(server, { init: { signal: abort.signal } })).body!.getReader();
    await reader.read();
    await leave(reader, abort);
    await expect.poll(() => server.calls.at(-1)).toBe('DELETE /api/v1/stream/t-1');
    expect(server.seen.at(-1)!.headers).toMatchObject({ 'x-resume-token': 'secret', authorization: 'Bearer k' });
    if (abort.signal.aborted) await expect(reader.read()).rejects.toThrow('enough');

    const whole = await serve({ events: CHAT });
    const later = new AbortController();
    await (await ask(whole, { init: { signal: later.signal } })).text();
    later.abort();
    await (await ask(whole)).text();
    expect(whole.calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
  });

  it('leaves the answer running on the server where cancelOnAbort is false', async () => {
    const server = await serve({ events: CHAT, cuts: [{ after: inTheMiddle, as: 'reset' }] });
    const reader = (await ask(server, { options: { cancelOnAbort: false } })).body!.getReader();
    await reader.read();
    await reader.cancel();
    await (await ask(server)).text();
    expect(server.calls).toEqual(['POST /v1/chat/completions', 'POST /v1/chat/completions']);
  });

  it('ends at once where it is aborted between two connections', async () => {
    const cuts = [{ after: inTheMiddle, as: 'reset' } as const];
    const server = await serve({ events: CHAT, cuts, instead: { 1: () => {} } });
    const abort = new AbortController();
    const reader = (await ask(server, { init: { signal: abort.signal } })).body!.getReader();
    await reader.read();
    const next = reader.read();
    await expect.poll(() => server.calls.length).toBe(2);
    abort.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await expect.poll(() => server.calls.at(-1)).toBe('DELETE /api/v1/stream/t-1');
  });

  it.each<[string, Instead, Asked]>([
    [
      'a whole answer',
      (response) => response.writeHead(200, { ...HEAD, 'content-type': 'application/json' }).end('{}'),
      {},
    ],
    ['a refusal', status(429), {}],
    [
      'an event stream that is not resumable',
      (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: 1.1\n\n'),
      {},
    ],
    ['another path', answers('id: 1.1\n\n'), { path: '/v1/embeddings' }],
  ])('passes %s as it came', async (_, instead, asked) => {
    const server = await serve({ events: [], instead: { 0: instead } });
    let came: Response | undefined;
    const spy: typeof fetch = async (...args) => {
      came = await fetch(...args);
      return came;
    };
    expect(await ask(server, { ...asked, options: { fetch: spy } })).toBe(came);
    await came!.text();
  });

  it('takes a Request as fetch does, and keeps status, headers and address', async () => {
    const server = await serve({ events: CHAT, cuts: [{ after: inTheMiddle, as: 'reset' }] });
    const address = `${server.origin}/v1/chat/completions`;
    const request = new Request(address, { method: 'POST', body: '{}', headers: { 'x-api-key': 'k' } });
    const answer = await resumableFetch()(request);
    expect([answer.status, answer.url, answer.headers.get('x-thread-id')]).toEqual([200, address, 't-1']);
    expect(await answer.text()).toBe(CHAT.join(''));
    expect(server.seen[1]!.headers['x-api-key']).toBe('k');
  });
});
