import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/formats/error_code.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance({ MAX_CONNECTIONS: '1', MAX_CONNECTIONS_PER_USER: '1' });
});
afterAll(() => instance.stop());

const good = { query: 'hi', model: 'm' };
const json = { 'Content-Type': 'application/json' };

async function ask(path: string, init: RequestInit): Promise<{ response: Response; body: ErrorBody }> {
  const response = await fetch(`${instance.url}${path}`, init);
  return { response, body: (await response.json()) as ErrorBody };
}

async function noSlotTaken(): Promise<void> {
  const { body } = await ask('/api/v1/health', {});
  expect(body).toMatchObject({ pool: { total_connections: 0 } });
}

describe('a refusal', () => {
  const cases: [string, string, RequestInit, number, string][] = [
    ['no type', '/api/v1/stream', { method: 'POST', body: 'x' }, 415, 'unsupported_media_type'],
    ['no body', '/api/v1/stream', { method: 'POST', headers: json }, 400, 'invalid_json'],
    ['half a body', '/api/v1/stream', { method: 'POST', headers: json, body: '{"query":' }, 400, 'invalid_json'],
    ['__proto__', '/api/v1/stream', { method: 'POST', headers: json, body: '{"__proto__":1}' }, 400, 'invalid_json'],
    ['an array', '/api/v1/stream', { method: 'POST', headers: json, body: '[]' }, 422, 'validation_error'],
    ['nothing in it', '/api/v1/stream', { method: 'POST', headers: json, body: '{}' }, 422, 'validation_error'],
    ['an unknown path', '/api/v1/streams', { method: 'POST', headers: json, body: '{}' }, 404, 'not_found'],
    ['another method', '/api/v1/stream', { method: 'GET' }, 405, 'method_not_allowed'],
    ['another method', '/api/v1/health', { method: 'POST' }, 405, 'method_not_allowed'],
  ];
  it.each(cases)('of %s at %s', async (_, path, init, status, error) => {
    const { response, body } = await ask(path, init);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ error, message: expect.stringMatching(/\w/), details: expect.anything() });
    await noSlotTaken();
  });

  it('names every bad field at once', async () => {
    const body = JSON.stringify({ query: '', model: '', temperature: 9, fake: { fault: 'nonsense', tokens: -1 } });
    const answer = await ask('/api/v1/stream', { method: 'POST', headers: json, body });
    const fields = (answer.body.details as { fields: { field: string }[] }).fields.map((bad) => bad.field).sort();
    expect(fields).toEqual(['fake.fault', 'fake.tokens', 'model', 'query', 'temperature']);
  });

  it.each([
    ['a bad thread id', { 'X-Thread-ID': 'a b' }, good, 'X-Thread-ID'],
    ['an unknown provider', {}, { ...good, provider: 'missing' }, 'provider'],
    ['fake knobs for a real provider', {}, { ...good, provider: 'openai', fake: {} }, 'fake'],
    ['both query and messages', {}, { ...good, messages: [{ role: 'user', content: 'hi' }] }, 'query'],
  ])('of %s is 422 and names it', async (_, headers, body, field) => {
    const answer = await ask('/api/v1/stream', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: JSON.stringify(body),
    });
    expect(answer.response.status).toBe(422);
    expect(answer.body).toMatchObject({ details: { fields: [{ field }] } });
    await noSlotTaken();
  });

  it('of a body that says that it is too large is 413, before any of it is sent', async () => {
    const raw = rawConnection(
      instance.port,
      'POST /api/v1/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n',
    );
    await until('the refusal', () => raw.received().includes('}'));
    raw.socket.destroy();
    expect(raw.received()).toMatch(/^HTTP\/1\.1 413 [\s\S]*"error":"payload_too_large"/);
    await noSlotTaken();
  });

  it('of a body that only turns out too large on its way is 413 too', async () => {
    const raw = rawConnection(
      instance.port,
      'POST /api/v1/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const part = 'x'.repeat(65_536);
    for (let sent = 0; sent < 20; sent += 1) raw.socket.write(`10000\r\n${part}\r\n`);
    await raw.ended;
    expect(raw.received()).toMatch(/^HTTP\/1\.1 413 [\s\S]*"error":"payload_too_large"/);
  });

  it.each([
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['what is not HTTP', 'hello there\r\n\r\n', 400, 'bad_request'],
    ['length and chunks together', `${streamPost(good, { 'Transfer-Encoding': 'chunked' })}`, 400, 'bad_request'],
  ])('of %s is JSON as well', async (_, bytes, status, error) => {
    const raw = rawConnection(instance.port, bytes);
    await raw.ended;
    const [head, body = ''] = raw.received().split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(body)).toMatchObject({ error });
  });

  it('of a full pool is 503, and of a full user 429; a refused one counts nowhere', async () => {
    const abort = new AbortController();
    const held = await fetch(`${instance.url}/api/v1/stream`, {
      method: 'POST',
      headers: json,
      // Longer than a busy machine needs for the others.
      body: JSON.stringify({ ...good, fake: { tokens: 100_000 } }),
      signal: abort.signal,
    });
    expect(held.status).toBe(200);
    const refusals = Array.from({ length: 100 }, () =>
      ask('/api/v1/stream', { method: 'POST', headers: json, body: JSON.stringify(good) }),
    );
    for (const { response, body } of await Promise.all(refusals)) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(body).toMatchObject({
        error: 'service_unavailable',
        details: { reason: 'pool_exhausted', current: 1, max: 1 },
      });
    }
    const { body } = await ask('/api/v1/health', {});
    expect(body).toMatchObject({ status: 'degraded', pool: { total_connections: 1, state: 'exhausted' } });
    abort.abort();
  });

  it('carries the CORS headers of a page that is allowed, and none for another', async () => {
    const from = (origin: string) =>
      fetch(`${instance.url}/api/v1/stream`, { method: 'POST', headers: { Origin: origin }, body: 'x' });
    const allowed = (await from('http://localhost:3001')).headers;
    expect(allowed.get('access-control-allow-origin')).toBe('http://localhost:3001');
    expect(allowed.get('access-control-expose-headers')).toBe(
      'X-Thread-ID, X-Resume-Token, X-Weir-Attached, X-Instance-Id, X-Producer-Id, X-Gateway-Via, X-Upstream, Retry-After, X-Weir-Refused-By, X-Weir-Dropped, X-Weir-Estimated, x-vercel-ai-ui-message-stream, x-workflow-run-id, x-resumable-stream-id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset',
    );
    expect((await from('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });
});
