import { describe, expect, it, vi } from 'vitest';
import { openStream } from '../../../packages/client/src/open_stream.ts';
import { fetchTransport } from '../../../packages/client/src/transport.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import { freePort } from '../../support/free_port.ts';
import { until } from '../../support/until.ts';
import { type Answer, cut, drop, hang, refuse, stream, THREAD } from './scripted_server.ts';
import { attach, FRAMES, first, open, REQUEST, serve, TEXT, useScriptedServers } from './scripted_stream.ts';

useScriptedServers();

describe('opening a resumable stream', () => {
  it('repeats a POST that got no head, with the same idempotency key', async () => {
    const server = await serve(drop, refuse(502, 'upstream_error'), refuse(503), refuse(504), stream(FRAMES));
    const causes: unknown[] = [];
    const { result } = await open(server, {
      onInterrupt: (_, cause) => causes.push((cause as { code?: string }).code),
    });
    expect(result).toMatchObject({ outcome: 'complete', text: TEXT, reconnects: [] });
    expect(server.calls).toEqual(Array(5).fill('POST'));
    expect(causes.slice(1)).toEqual(['upstream_error', 'service_unavailable', 'service_unavailable']);
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
    await expect(open(unavailable, { giveUpAfterMs: 1_000 })).rejects.toMatchObject({ status: 503 });
    expect(unavailable.calls.length).toBeGreaterThan(1);
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

  it('lets no further event through, also not one that has been read already', async () => {
    const server = await serve(stream(FRAMES));
    const controller = new AbortController();
    const events: string[] = [];
    const onEvent = (event: StreamEvent) => {
      events.push(event.type);
      controller.abort();
    };
    await expect(open(server, { signal: controller.signal, onEvent })).rejects.toMatchObject({ name: 'AbortError' });
    expect(events).toEqual(['status']);
  });

  it('ends the wait between two tries, and sends nothing but the DELETE', async () => {
    const server = await serve(cut(first(2)), refuse(503, 'service_unavailable', { 'retry-after': '30' }));
    const controller = new AbortController();
    const sent: string[] = [];
    const opened = open(server, {
      transport: (url, request) => {
        sent.push(request.method);
        return fetchTransport(url, request);
      },
      signal: controller.signal,
      onInterrupt: (reason) => reason.startsWith('status 503') && setImmediate(() => controller.abort()),
    });
    await expect(opened).rejects.toMatchObject({ name: 'AbortError' });
    await until('the DELETE', () => server.calls.includes(`DELETE ${THREAD}`));
    expect(sent).toEqual(['POST', 'GET', 'DELETE']);
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

  it('distinguishes a stream that ended with that event from an unknown one', async () => {
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
