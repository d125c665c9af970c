import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openStream } from '../../../packages/client/src/open_stream.ts';
import { StreamRefusal } from '../../../packages/client/src/stream_refusal.ts';
import type { StreamHead, Transport } from '../../../packages/client/src/transport.ts';
import { WeirError } from '../../../src/formats/error_code.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import {
  encodeChunk,
  encodeComplete,
  encodeError,
  encodeStatus,
  HEARTBEAT,
} from '../../../src/formats/weir/weir_encoder.ts';

const STREAM = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-instance-id': 'app-2',
  'x-gateway-via': 'nginx',
};
const REQUEST = { query: 'hi', model: 'demo' };

/** A transport that gives these bytes in these pieces, and then perhaps an error. */
function canned(status: number, headers: Record<string, string>, pieces: Uint8Array[], broken?: Error): Transport {
  return async () => ({
    status,
    headers: (name) => headers[name.toLowerCase()] ?? null,
    body: (async function* () {
      yield* pieces;
      if (broken) throw broken;
    })(),
  });
}

const bytes = (text: string) => [new TextEncoder().encode(text)];

function frames(parts: string[], sha256?: string): string {
  const text = parts.join('');
  const data = parts.map((content, at) =>
    encodeChunk(`1.${at + 1}`, { content, chunk_index: at + 1, finish_reason: null }),
  );
  return [
    encodeStatus('1.0', { status: 'validated', thread_id: 't', instance: 'app-2', model: 'demo', provider: 'fake' }),
    HEARTBEAT,
    ...data,
    encodeComplete(`1.${parts.length + 1}`, {
      thread_id: 't',
      chunk_count: parts.length,
      total_length: [...text].length,
      duration_ms: 1,
      finish_reason: 'stop',
      usage: { input_tokens: 1, output_tokens: parts.length, estimated: false },
      sha256: sha256 ?? createHash('sha256').update(text).digest('hex'),
    }),
  ].join('');
}

const open = (transport: Transport, options = {}) =>
  openStream(REQUEST, { baseUrl: 'http://x/api/v1', transport, ...options });

describe('openStream', () => {
  it('gives head, events in order and the whole text', async () => {
    const events: StreamEvent['type'][] = [];
    const heads: StreamHead[] = [];
    const result = await open(canned(200, STREAM, bytes(frames(['Hé', '😀\n']))), {
      verify: true,
      onEvent: (event: StreamEvent) => events.push(event.type),
      onHead: (head: StreamHead) => heads.push(head),
    });
    expect(result).toMatchObject({ outcome: 'complete', text: 'Hé😀\n', chunks: 2 });
    expect(events).toEqual(['status', 'chunk', 'chunk', 'complete']);
    expect(heads).toEqual([
      { status: 200, instance: 'app-2', producer: 'app-2', via: 'nginx', upstream: null, threadId: null },
    ]);
  });

  it('sends one POST with the body as JSON', async () => {
    const sent: unknown[] = [];
    await open((url, request) => {
      sent.push([url, request.method, request.headers['content-type'], JSON.parse(request.body)]);
      return canned(200, STREAM, bytes(frames([])))(url, request);
    });
    expect(sent).toEqual([['http://x/api/v1/stream', 'POST', 'application/json', REQUEST]]);
  });

  it('gives the same text wherever the bytes are cut', async () => {
    const parts = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 17 }), async (texts, size) => {
        const all = new TextEncoder().encode(frames(texts));
        const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
          all.slice(at * size, (at + 1) * size),
        );
        const result = await open(canned(200, STREAM, pieces), { verify: true });
        expect(result).toMatchObject({ outcome: 'complete', text: texts.join('') });
      }),
    );
  });

  it('calls an end without a terminal truncated, and so a broken connection', async () => {
    const whole = frames(['One ', 'two ']);
    const half = whole.slice(0, whole.indexOf('id: 1.2'));
    expect(await open(canned(200, STREAM, bytes(half)))).toMatchObject({ outcome: 'truncated', text: 'One ' });
    expect(await open(canned(200, STREAM, bytes(half), new Error('reset')))).toMatchObject({
      outcome: 'truncated',
      reason: 'the connection broke: reset',
    });
    expect(await open(canned(200, STREAM, []))).toMatchObject({ outcome: 'truncated', text: '' });
  });

  it('gives an error event as such', async () => {
    const [status] = frames([]).split(HEARTBEAT);
    const error = encodeError('1.1', new WeirError('upstream_truncated'), 't', 0);
    expect(await open(canned(200, STREAM, bytes(`${status}${error}`)))).toMatchObject({
      outcome: 'error',
      error: { error: 'upstream_truncated', retryable: true },
    });
  });

  it('calls what breaks the contract a protocol error: another type, a wrong checksum, a gap', async () => {
    const html = await open(canned(200, { 'content-type': 'text/html' }, bytes('<h1>')));
    expect(html).toMatchObject({ outcome: 'protocol_error', reason: expect.stringContaining('text/html') });
    const wrongSum = canned(200, STREAM, bytes(frames(['a'], 'b'.repeat(64))));
    expect(await open(wrongSum, { verify: true })).toMatchObject({ outcome: 'protocol_error' });
    const gap = frames(['a', 'b']).replace('id: 1.2', 'id: 1.5');
    expect(await open(canned(200, STREAM, bytes(gap)))).toMatchObject({ outcome: 'protocol_error', text: 'a' });
  });

  it('throws a refusal with what the server said', async () => {
    const body = '{"error":"too_many_connections","message":"Too many.","details":{"max":3}}';
    const refused = open(canned(429, { 'x-instance-id': 'app-1', 'retry-after': '2' }, bytes(body)));
    await expect(refused).rejects.toMatchObject({
      status: 429,
      code: 'too_many_connections',
      message: 'Too many.',
      retryAfter: 2,
      details: { max: 3 },
      head: { instance: 'app-1' },
    });
    await expect(refused).rejects.toBeInstanceOf(StreamRefusal);
  });

  it.each(['<html>502 Bad Gateway</html>', '', 'null', '"text"', '[1]', '{"error":{"message":"other shape"}}'])(
    'throws a refusal for a body that is not ours: %s',
    async (body) => {
      await expect(open(canned(502, {}, bytes(body)))).rejects.toMatchObject({ status: 502, code: 'http_502' });
    },
  );

  it('names the target of a redirect', async () => {
    const redirect = canned(308, { location: 'https://localhost/api/v1/stream' }, []);
    await expect(open(redirect)).rejects.toThrow('https://localhost/api/v1/stream');
  });

  it('rejects with the reason of an abort, before and in the middle', async () => {
    const reason = new Error('stop');
    await expect(open(canned(200, STREAM, []), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const opened = open(canned(200, STREAM, bytes(frames(['a', 'b'])), new Error('aborted')), {
      signal: controller.signal,
      onEvent: (event: StreamEvent) => event.type === 'chunk' && controller.abort(reason),
    });
    await expect(opened).rejects.toBe(reason);
  });

  it("passes a handler's own error through, and leaves the body", async () => {
    let left = false;
    const transport: Transport = async () => ({
      status: 200,
      headers: (name) => (name === 'content-type' ? 'text/event-stream' : null),
      body: (async function* () {
        try {
          yield* bytes(frames(['a']));
        } finally {
          left = true;
        }
      })(),
    });
    const onEvent = () => {
      throw new Error('mine');
    };
    await expect(open(transport, { onEvent })).rejects.toThrow('mine');
    expect(left).toBe(true);
  });
});
