import { createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attachStream, openStream } from '../../../src/client/open_stream.ts';
import type { AttachOptions, StreamOptions } from '../../../src/client/stream_options.ts';
import { fetchTransport, type Transport } from '../../../src/client/transport.ts';
import type { StreamEvent } from '../../../src/protocol/stream_event.ts';
import { encodeNotice, HEARTBEAT } from '../../../src/protocol/weir_encoder.ts';
import { until } from '../../support/until.ts';
import { type Answer, cut, drop, hang, refuse, ScriptedServer, stream, THREAD, transcript } from './scripted_server.ts';

const REQUEST = { query: 'hi', model: 'demo', resumable: true };
const PARTS = ['One ', 'two ', 'thrée ', '😀.'];
const TEXT = PARTS.join('');
const FRAMES = transcript(PARTS);
const first = (frames: number, all = FRAMES) => all.slice(0, frames).join('');

const servers: ScriptedServer[] = [];

async function serve(...answers: Answer[]): Promise<ScriptedServer> {
  const server = await new ScriptedServer(answers).listen();
  servers.push(server);
  return server;
}

async function open(server: ScriptedServer, options: Partial<StreamOptions> = {}) {
  const events: StreamEvent[] = [];
  const onEvent = (event: StreamEvent) => events.push(event);
  const result = await openStream(REQUEST, { baseUrl: server.baseUrl, onEvent, ...options });
  return { result, events };
}

const attach = (server: ScriptedServer, options: Partial<AttachOptions> = {}) =>
  attachStream(THREAD, { baseUrl: server.baseUrl, ...options });

beforeEach(() => {
  // No jitter: a first retry leaves at once, and so do those after it.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
});

describe('a resumable stream', () => {
  it('goes on from the cursor after a cut, with the token of its status', async () => {
    const server = await serve(cut(first(3)), stream(FRAMES.slice(3), 'app-2'));
    const { result, events } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT, chunks: 4, epoch: 1, head: { instance: 'app-2' } });
    expect(result.reconnects).toEqual([
      { atSeq: 2, fromInstance: 'app-1', toInstance: 'app-2', gapMs: expect.any(Number) },
    ]);
    expect(events.map(({ id }) => id)).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5']);
    expect(server.calls).toEqual(['POST', `GET ${THREAD}`]);
    expect(server.seen[1]).toMatchObject({ cursor: '1.2', token: 'token-1', body: '' });
    expect(server.seen[1]?.headers).not.toHaveProperty('content-type');
  });

  it('takes what a cut inside a frame left unfinished once, from the next connection', async () => {
    const half = first(4).slice(0, -9);
    const server = await serve(cut(half), stream(FRAMES.slice(3)));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.seen[1]?.cursor).toBe('1.2');
  });

  it('treats an end without a terminal as a cut', async () => {
    const server = await serve(stream(FRAMES.slice(0, 2)), stream(FRAMES.slice(2)));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
  });

  it('gives a silent connection up, also one that heartbeats kept for a while and one without a head', async () => {
    const beating: Answer = (response, seen) => {
      hang(FRAMES.slice(0, 2))(response, seen);
      let left = 4;
      const timer = setInterval(() => (left-- > 0 ? response.write(HEARTBEAT) : clearInterval(timer)), 100);
    };
    const reasons: string[] = [];
    const server = await serve(beating, () => {}, stream(FRAMES.slice(2)));
    const { result } = await open(server, { silenceMs: 250, onInterrupt: (reason) => reasons.push(reason) });
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(result.reconnects).toHaveLength(1);
    expect(reasons).toEqual(['no byte came for 0.25 s', 'no byte came for 0.25 s']);
  });

  it('does not wait for a transport that does not hear the watchdog', async () => {
    let sent = 0;
    const transport: Transport = (url, request) =>
      ++sent === 2 ? new Promise(() => {}) : fetchTransport(url, request);
    const server = await serve(cut(first(2)), stream(FRAMES.slice(2)));
    expect((await open(server, { transport, silenceMs: 50 })).result).toMatchObject({
      outcome: 'complete',
      text: TEXT,
    });
  });

  it('is not cut by its own watchdog while the caller takes its time', async () => {
    const server = await serve(stream(FRAMES));
    const slow = (event: StreamEvent) =>
      event.type === 'chunk' ? new Promise((resolve) => setTimeout(resolve, 120)) : undefined;
    const { result } = await open(server, { silenceMs: 50, onEvent: slow });
    expect(result).toMatchObject({ outcome: 'complete', reconnects: [] });
    expect(server.calls).toEqual(['POST']);
  });

  it('waits for Retry-After, and tries again after 502, 503, 504, 429 and a refused connection', async () => {
    const server = await serve(
      cut(first(2)),
      refuse(503, 'service_unavailable', { 'retry-after': '0.2' }),
      refuse(502, 'upstream_error'),
      refuse(504, 'upstream_timeout'),
      refuse(429, 'too_many_connections'),
      drop,
      stream(FRAMES.slice(2), 'app-3'),
    );
    const waits = vi.spyOn(globalThis, 'setTimeout');
    const { result } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(result.reconnects).toMatchObject([{ atSeq: 1, toInstance: 'app-3' }]);
    expect(waits.mock.calls.map(([, ms]) => ms)).toContain(200);
  });

  it('is back when the server is, after its port refused connections for a while', async () => {
    const server = await serve(cut(first(2)));
    const { port } = server;
    vi.mocked(Math.random).mockReturnValue(0.5);
    let second: ScriptedServer | undefined;
    const { result } = await open(server, {
      onInterrupt: (reason) => {
        if (reason.startsWith('the connection broke')) server.close();
        else if (!second) {
          second = new ScriptedServer([stream(FRAMES.slice(2))]);
          servers.push(second);
          void second.listen(port);
        }
      },
    });
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(second?.seen[0]?.cursor).toBe('1.1');
  });

  it('gives up when nothing brings it back, with all that came', async () => {
    const server = await serve(cut(first(3)), ...Array<Answer>(500).fill(refuse(503)));
    vi.mocked(Math.random).mockReturnValue(0.5);
    const { result } = await open(server, { giveUpAfterMs: 400 });
    expect(result).toMatchObject({ outcome: 'truncated', text: 'One two ', chunks: 2 });
    expect(result).toMatchObject({ reason: expect.stringMatching(/^status 503.*given up/) });
    const impatient = await serve(cut(first(3)), refuse(503, 'service_unavailable', { 'retry-after': '90' }));
    expect((await open(impatient)).result).toMatchObject({ outcome: 'truncated' });
    expect(impatient.calls).toHaveLength(2);
  });

  it('says that the thread is gone after a 404, and that it may not go on after a 401', async () => {
    const gone = await open(await serve(cut(first(2)), refuse(404, 'not_found')));
    expect(gone.result).toMatchObject({
      outcome: 'truncated',
      reason: expect.stringContaining('expired'),
      text: 'One ',
    });
    const refused = await open(await serve(cut(first(2)), refuse(401, 'unauthorized')));
    expect(refused.result).toMatchObject({
      outcome: 'truncated',
      reason: 'the server refused to go on: It is unauthorized.',
      head: { status: 200 },
    });
  });

  it('is complete when only [DONE] was cut off, and asks for nothing more', async () => {
    const server = await serve(cut(FRAMES.join('').replace(/data: \[DONE\]\n\n$/, '')));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.calls).toEqual(['POST']);
  });

  it('calls a 204 before its terminal a protocol error', async () => {
    expect((await open(await serve(cut(first(2)), refuse(204)))).result).toMatchObject({ outcome: 'protocol_error' });
  });

  it('takes a new epoch as the same stream, and passes notices on', async () => {
    const all = transcript(PARTS, [1, 1, 1, 2, 2, 3]);
    const resumed = encodeNotice({ kind: 'resumed' });
    const server = await serve(
      cut(first(3, all)),
      cut(resumed + all.slice(3, 5).join(''), 'app-2'),
      stream([resumed, ...all.slice(5)], 'app-3'),
    );
    const { result, events } = await open(server);
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT, epoch: 3 });
    expect(result.reconnects).toMatchObject([
      { atSeq: 2, fromInstance: 'app-1', toInstance: 'app-2' },
      { atSeq: 4, fromInstance: 'app-2', toInstance: 'app-3' },
    ]);
    expect(events.filter(({ type }) => type === 'notice')).toHaveLength(2);
    expect(server.seen.map(({ cursor }) => cursor)).toEqual([undefined, '1.2', '2.4']);
  });

  it.each([
    ['a duplicate', FRAMES.slice(2)],
    ['a skipped event', FRAMES.slice(4)],
    ['a second status', FRAMES],
    ['a falling epoch', transcript(PARTS, [1, 1, 1, 0]).slice(3)],
  ])('calls %s after a reconnect a protocol error', async (_, rest) => {
    expect((await open(await serve(cut(first(3)), stream(rest)))).result).toMatchObject({
      outcome: 'protocol_error',
      text: 'One two ',
    });
  });

  it('verifies the checksum over all connections unless told not to', async () => {
    const wrong = transcript(PARTS, [], 'a'.repeat(64));
    const serveWrong = () => serve(cut(first(3, wrong)), stream(wrong.slice(3)));
    expect((await open(await serveWrong())).result).toMatchObject({ outcome: 'protocol_error' });
    expect((await open(await serveWrong(), { verify: false })).result).toMatchObject({ outcome: 'complete' });
  });

  it('takes an error of this reader, which has no number, as its end', async () => {
    const error = { error: 'log_regressed', message: 'Less.', retryable: false, thread_id: THREAD, delivered: 8 };
    const frame = `event: error\ndata: ${JSON.stringify(error)}\n\n`;
    const { result, events } = await open(await serve(cut(first(3)), stream([frame])));
    expect(result).toMatchObject({ outcome: 'error', error, text: 'One two ' });
    expect(events.at(-1)).toEqual({ type: 'error', id: '', data: error });
  });

  it('yields exactly the transcript, once, wherever and however often it is cut', async () => {
    const all = transcript(PARTS, [1, 1, 2, 3, 3, 4]);
    const cuts = fc.array(fc.nat({ max: all.join('').length - 1 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const rest = (cursor: string | undefined) =>
          new TextEncoder().encode(all.slice(cursor === undefined ? 0 : Number(cursor.split('.')[1]) + 1).join(''));
        const broken = places.map(
          (place): Answer =>
            (response, seen) => {
              const bytes = rest(seen.cursor);
              cut(bytes.subarray(0, place % bytes.length))(response, seen);
            },
        );
        const server = await serve(...broken, (response, seen) => cut(rest(seen.cursor))(response, seen));
        const { result, events } = await open(server);
        expect(result).toMatchObject({ outcome: 'complete', text: TEXT, epoch: 4 });
        expect(events.map(({ id }) => id)).toEqual(['1.0', '1.1', '2.2', '3.3', '3.4', '4.5']);
        server.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('opening a resumable stream', () => {
  it('repeats a POST that got no head, with the same idempotency key', async () => {
    const server = await serve(drop, refuse(502, 'upstream_error'), refuse(503), refuse(504), stream(FRAMES));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT, reconnects: [] });
    expect(server.calls).toEqual(Array(5).fill('POST'));
    expect(new Set(server.seen.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(server.seen[0]?.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
  });

  it("keeps the caller's own key, and makes another for each stream", async () => {
    const server = await serve(stream(FRAMES), stream(FRAMES), stream(FRAMES));
    await open(server, { headers: { 'idempotency-key': 'mine' } });
    await open(server);
    await open(server);
    const keys = server.seen.map(({ idempotencyKey }) => idempotencyKey);
    expect(keys[0]).toBe('mine');
    expect(new Set(keys).size).toBe(3);
  });

  it('attaches with the thread id of the head where the status event was cut off', async () => {
    const server = await serve(cut(FRAMES[0]!.slice(0, 10)), stream(FRAMES));
    expect((await open(server)).result).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.calls).toEqual(['POST', `GET ${THREAD}`]);
    expect(server.seen[1]).toMatchObject({ cursor: undefined, token: undefined });
  });

  it('throws a refusal at once: the limit of streams, a bad request', async () => {
    for (const [status, code] of [
      [429, 'too_many_connections'],
      [422, 'validation_error'],
    ] as const) {
      const server = await serve(refuse(status, code, { 'retry-after': '2' }));
      const heads: number[] = [];
      const opened = open(server, { onHead: (head) => heads.push(head.status) });
      await expect(opened).rejects.toMatchObject({ name: 'StreamRefusal', code, retryAfter: 2 });
      expect(server.calls).toEqual(['POST']);
      expect(heads).toEqual([status]);
    }
  });

  it('throws the last failure when it never got an answer', async () => {
    vi.mocked(Math.random).mockReturnValue(0.9);
    const unavailable = await serve(...Array<Answer>(500).fill(refuse(503)));
    await expect(open(unavailable, { giveUpAfterMs: 300 })).rejects.toMatchObject({ status: 503 });
    expect(unavailable.calls.length).toBeGreaterThan(2);
    const port = await freePort();
    const baseUrl = `http://127.0.0.1:${port}/api/v1`;
    await expect(openStream(REQUEST, { baseUrl, giveUpAfterMs: 300 })).rejects.toThrow('fetch failed');
  });

  it('sends a plain stream once, without a key', async () => {
    const server = await serve(cut(first(3)), stream(FRAMES.slice(3)));
    const result = await openStream({ query: 'hi', model: 'demo' }, { baseUrl: server.baseUrl });
    expect(result).toMatchObject({ outcome: 'truncated', text: 'One two ', reconnects: [], epoch: 1 });
    expect(server.calls).toEqual(['POST']);
    expect(server.seen[0]?.idempotencyKey).toBeUndefined();
    const refused = await serve(refuse(503), stream(FRAMES));
    await expect(openStream({ query: 'hi', model: 'demo' }, { baseUrl: refused.baseUrl })).rejects.toMatchObject({
      status: 503,
    });
  });
});

describe('an abort', () => {
  it('closes the connection and cancels the thread', async () => {
    let isClosed = false;
    const server = await serve((response, seen) => {
      response.on('close', () => {
        isClosed = true;
      });
      hang(FRAMES.slice(0, 2))(response, seen);
    });
    const controller = new AbortController();
    const reason = new Error('stop');
    const opened = open(server, {
      signal: controller.signal,
      onEvent: (event) => event.type === 'chunk' && controller.abort(reason),
    });
    await expect(opened).rejects.toBe(reason);
    await until('the DELETE', () => server.calls.includes(`DELETE ${THREAD}`));
    await until('the close', () => isClosed);
    expect(server.seen.at(-1)?.token).toBe('token-1');
  });

  it('ends the wait between two tries', async () => {
    const server = await serve(cut(first(2)), refuse(503, 'service_unavailable', { 'retry-after': '30' }));
    const controller = new AbortController();
    const opened = open(server, {
      signal: controller.signal,
      onInterrupt: (reason) => reason.startsWith('status 503') && setImmediate(() => controller.abort()),
    });
    await expect(opened).rejects.toMatchObject({ name: 'AbortError' });
    await until('the DELETE', () => server.calls.includes(`DELETE ${THREAD}`));
  });

  it("cancels after an error of the caller's own too, and leaves the thread alone where that is wanted", async () => {
    const throwing = await serve(hang(FRAMES.slice(0, 2)));
    const onEvent = () => {
      throw new Error('mine');
    };
    await expect(open(throwing, { onEvent })).rejects.toThrow('mine');
    await until('the DELETE', () => throwing.calls.includes(`DELETE ${THREAD}`));

    const kept = await serve(hang(FRAMES.slice(0, 2)), stream(FRAMES.slice(2)));
    await expect(open(kept, { onEvent, cancelOnAbort: false })).rejects.toThrow('mine');
    await attach(kept, { lastEventId: '1.1' });
    expect(kept.calls).toEqual(['POST', `GET ${THREAD}`]);
  });
});

describe('attachStream', () => {
  it('follows a thread from its start and verifies it', async () => {
    const server = await serve(cut(first(2)), stream(FRAMES.slice(2)));
    expect(await attach(server, { resumeToken: 'kept' })).toMatchObject({ outcome: 'complete', text: TEXT });
    expect(server.seen).toMatchObject([
      { call: `GET ${THREAD}`, cursor: undefined, token: 'kept' },
      { call: `GET ${THREAD}`, cursor: '1.1', token: 'token-1' },
    ]);
  });

  it('goes on after an event that the page has', async () => {
    const server = await serve(stream(FRAMES.slice(3)));
    const result = await attach(server, { lastEventId: '1.2' });
    expect(result).toMatchObject({ outcome: 'complete', text: 'thrée 😀.', chunks: 2 });
    expect(server.seen[0]?.cursor).toBe('1.2');
    expect(await attach(await serve(stream(FRAMES.slice(4))), { lastEventId: '1.2' })).toMatchObject({
      outcome: 'protocol_error',
    });
  });

  it('tells a thread that ended with that event from one that nobody knows', async () => {
    expect(await attach(await serve(refuse(204)), { lastEventId: '1.5' })).toMatchObject({ outcome: 'already_ended' });
    expect(await attach(await serve(refuse(404, 'not_found')))).toMatchObject({
      outcome: 'truncated',
      reason: expect.stringContaining('404'),
      head: { status: 404 },
    });
    await expect(attach(await serve(refuse(403, 'forbidden')))).rejects.toMatchObject({
      status: 403,
      code: 'forbidden',
    });
    await expect(attach(await serve(), { lastEventId: 'x' })).rejects.toThrow('not <epoch>.<seq>');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
