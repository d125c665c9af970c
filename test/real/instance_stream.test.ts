import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeTokens } from '../../src/adapters/providers/fake_text.ts';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance();
});
afterAll(() => instance.stop());

const json = { 'Content-Type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = json) =>
  fetch(`${instance.url}/api/v1/stream`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function pool(): Promise<number> {
  const health = (await (await fetch(`${instance.url}/api/v1/health`)).json()) as HealthView;
  return health.pool.total_connections;
}

describe('a stream of an instance', () => {
  it('is these bytes, no others', async () => {
    const body = { query: 'hi', model: 'm', fake: { text: 'Grüße\n', ttft_ms: 0, tokens_per_second: 0 } };
    const raw = rawConnection(instance.port, streamPost(body, { 'X-Thread-ID': 't_1', Connection: 'close' }));
    await raw.ended;
    const [head = '', ...rest] = raw.received().split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const header of [
      'Content-Type: text/event-stream; charset=utf-8',
      'Cache-Control: no-cache, no-transform',
      'X-Accel-Buffering: no',
      'X-Thread-ID: t_1',
      'x-instance-id: app-1',
      'Transfer-Encoding: chunked',
    ]) {
      expect(head.split('\r\n')).toContain(header);
    }
    expect(head).not.toMatch(/^x-(gateway-via|upstream):/im);
    const sha256 = createHash('sha256').update('Grüße\n').digest('hex');
    const frames = [
      'id: 1.0\nevent: status\ndata: {"status":"validated","thread_id":"t_1","instance":"app-1","model":"m","provider":"fake"}\n\n',
      'id: 1.1\nevent: chunk\ndata: {"content":"Grüße","chunk_index":1,"finish_reason":null}\n\n',
      'id: 1.2\nevent: chunk\ndata: {"content":"\\n","chunk_index":2,"finish_reason":null}\n\n',
      `id: 1.3\nevent: complete\ndata: {"thread_id":"t_1","chunk_count":2,"total_length":6,"duration_ms":0,"finish_reason":"stop","usage":{"input_tokens":1,"output_tokens":2,"estimated":false},"sha256":"${sha256}"}\n\ndata: [DONE]\n\n`,
    ];
    const chunks = frames.map((frame) => `${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`);
    const sent = rest.join('\r\n\r\n').replace(/"duration_ms":\d+/, '"duration_ms":0');
    // The length of the last chunk counts the digits of the duration as they were.
    const normal = sent.replace(/[0-9a-f]+(?=\r\nid: 1\.3)/, Buffer.byteLength(frames[3] as string).toString(16));
    expect(normal).toBe(`${chunks.join('')}0\r\n\r\n`);
  });

  it('leaves the connection usable for the next request', async () => {
    const body = { query: 'hi', model: 'm', fake: { tokens: 3, ttft_ms: 0, tokens_per_second: 0 } };
    const next = 'GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const raw = rawConnection(instance.port, streamPost(body) + next);
    await raw.ended;
    expect(raw.received()).toMatch(/\[DONE\]\n\n\r\n0\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\{"status":"live"\}$/);
  });

  it('has the text that the fake provider is known to give, and its checksum', async () => {
    const response = await post({
      query: 'q',
      model: 'm',
      fake: { seed: 7, tokens: 500, tokens_per_second: 0, ttft_ms: 0 },
    });
    const events = (await response.text()).split('\n\n').filter((frame) => frame.includes('event: chunk'));
    const text = events.map((frame) => JSON.parse(frame.split('data: ')[1] as string).content).join('');
    expect(text).toBe(fakeTokens(7, 'q').take(500).toArray().join(''));
  });

  it('speaks to HTTP/1.0 clients without chunks', async () => {
    const body = { query: 'hi', model: 'm', fake: { tokens: 1, ttft_ms: 0 } };
    const raw = rawConnection(instance.port, streamPost(body).replace('HTTP/1.1', 'HTTP/1.0'));
    await raw.ended;
    expect(raw.received()).not.toMatch(/transfer-encoding/i);
    expect(raw.received()).toMatch(/\r\n\r\nid: 1\.0\n[\s\S]*data: \[DONE\]\n\n$/);
  });

  it('is limited to three for one user: of ten at once three stream and seven get 429', async () => {
    const body = { query: 'hi', model: 'm', fake: { tokens: 30, ttft_ms: 200 } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(3);
    expect(refused).toHaveLength(7);
    expect(refused[0]?.headers.get('retry-after')).toBe('2');
    expect(await refused[0]?.json()).toMatchObject({
      error: 'too_many_connections',
      message: 'Too many concurrent connections. Maximum 3 allowed.',
      details: { current: 3, max: 3, scope: 'instance', user_id: '127.0.0.1' },
    });
    await Promise.all(answers.filter((answer) => answer.ok).map((answer) => answer.body?.cancel()));
    await until('all slots free', async () => (await pool()) === 0);
  });

  it('frees its slot before the terminal event', async () => {
    const body = { query: 'hi', model: 'm', fake: { tokens: 1, ttft_ms: 0, tokens_per_second: 0 } };
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all([post(body), post(body), post(body)]);
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
      await Promise.all(answers.map((answer) => answer.text()));
    }
  });

  it('logs at most five lines with the stages of its life, and none of its words', async () => {
    const response = await post(
      { query: 'very secret question', model: 'm', fake: { tokens: 40, tokens_per_second: 0, ttft_ms: 0 } },
      { ...json, 'X-Thread-ID': 'logged' },
    );
    await response.text();
    const lines = () => instance.lines.filter((line) => line.thread_id === 'logged');
    await until('the last line', () => lines().some((line) => line.stage === '6'));
    expect(lines().map((line) => line.stage)).toEqual(['CP.1', 'CP.1.4', '5.2', 'CP.4', '6']);
    expect(lines()[1]).toMatchObject({ event: 'Connection acquired', user_connections: 1, total_connections: 1 });
    expect(lines()[4]).toMatchObject({ outcome: 'ok', user_id: '127.0.0.1', instance: 'app-1' });
    expect(JSON.stringify(instance.lines)).not.toContain('secret');
  });
});

describe('faults of the fake provider', () => {
  it.each([
    ['error_before_head', 502, 'upstream_error'],
    ['rate_limit', 429, 'upstream_rate_limited'],
  ])('%s is a status', async (fault, status, error) => {
    const response = await post({ query: 'hi', model: 'm', fake: { fault } });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
    expect(await pool()).toBe(0);
  });

  it.each([
    ['cut@3', 'upstream_truncated'],
    ['error@3', 'upstream_error'],
  ])('%s is one error event and no [DONE]', async (fault, error) => {
    const response = await post({ query: 'hi', model: 'm', fake: { fault, tokens_per_second: 0, ttft_ms: 0 } });
    const text = await response.text();
    expect(text.match(/event: chunk/g)).toHaveLength(3);
    expect(text.match(/event: error/g)).toHaveLength(1);
    expect(text).toContain(`"error":"${error}"`);
    expect(text).not.toMatch(/event: complete|\[DONE\]/);
  });

  it('hang_before_head: the head leaves after two seconds all the same, and leaving frees the slot', async () => {
    const response = await post({ query: 'hi', model: 'm', fake: { fault: 'hang_before_head' } });
    expect(response.status).toBe(200);
    await response.body?.cancel();
    await until('slot free', async () => (await pool()) === 0);
  });
});

describe('silence', () => {
  it('is filled with comments, also before the first token', async () => {
    const response = await post({ query: 'hi', model: 'm', fake: { tokens: 1, ttft_ms: 21_500 } });
    expect(await response.text()).toMatch(/event: status\n.*\n\n: hb\n\n: hb\n\nid: 1\.1\nevent: chunk/);
  });
});

describe('an instance whose Node keeps its insides to itself', () => {
  it('starts under --permission, says that it does without them, and streams the same', async () => {
    const allowed = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*'];
    // Newer ones restrict the network too.
    if (process.allowedNodeEnvironmentFlags.has('--allow-net')) allowed.push('--allow-net');
    const restricted = await startInstance({ NODE_OPTIONS: allowed.join(' ') });
    try {
      const plain = restricted.lines.filter(({ event }) => event.startsWith('Plain input and output'));
      expect(plain).toHaveLength(1);
      expect(plain[0]?.reason).toEqual(expect.any(String));
      const response = await fetch(`${restricted.url}/api/v1/stream`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ query: 'hi', model: 'm', fake: { text: 'Grüße', ttft_ms: 0, tokens_per_second: 0 } }),
      });
      const text = await response.text();
      expect(text).toContain('"content":"Grüße"');
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    } finally {
      await restricted.stop();
    }
  });
});
