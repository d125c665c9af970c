import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { ClientWriter } from '../../../src/core/stream/client_writer.ts';
import type { Gateway } from '../../../src/gateway/build_gateway.ts';
import { HttpSink } from '../../../src/gateway/http/http_sink.ts';
import { startGateway, stopGateway } from '../../support/gateway_here.ts';
import { until } from '../../support/until.ts';

let gateway: Gateway;
let url: string;
const lines: { event: string; level: string }[] = [];
beforeAll(async () => {
  const log = new Writable({
    write(text, _, done) {
      lines.push(JSON.parse(String(text)));
      done();
    },
  });
  ({ gateway, url } = await startGateway({ INSTANCE_ID: 'app-1' }, log));
});
afterAll(async () => {
  await stopGateway(gateway);
});
afterEach(() => {
  vi.restoreAllMocks();
  lines.length = 0;
});

const fake = { ttft_ms: 0, tokens: 500, tokens_per_second: 50 };
const post = (path: string, body: object) => {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
};
const plain = { query: 'q', model: 'm', provider: 'fake', fake };
const chat = { model: 'fake/m', stream: true, messages: [{ role: 'user', content: 'q' }], fake };

const ENDPOINTS: [string, () => Promise<Response>][] = [
  ['a plain stream', () => post('/api/v1/stream', plain)],
  ['a resumable stream', () => post('/api/v1/stream', { ...plain, resumable: true })],
  ['an attached stream', () => fetch(`${url}/api/v1/stream/attached`)],
  ['a chat completion', () => post('/v1/chat/completions', chat)],
];

async function openAttached(): Promise<() => Promise<void>> {
  const headers = { 'Content-Type': 'application/json', 'X-Thread-ID': 'attached' };
  const body = JSON.stringify({ ...plain, resumable: true });
  const opened = await fetch(`${url}/api/v1/stream`, { method: 'POST', headers, body });
  return async () => {
    await fetch(`${url}/api/v1/stream/attached`, { method: 'DELETE' });
    await opened.text();
    await until('it is gone', () => !gateway.durable.core.streams.has('attached'));
  };
}

it.each(ENDPOINTS)('%s that fails after its head is cut, and leaves nothing open', async (_, ask) => {
  const { open } = ClientWriter.prototype;
  const end = await openAttached();
  vi.spyOn(ClientWriter.prototype, 'open').mockImplementation(function (this: ClientWriter, frame) {
    open.call(this, frame);
    throw new Error('broken');
  });
  const response = await ask();
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(lines.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([
    'A response failed after it was begun',
  ]);
  vi.restoreAllMocks();
  await end();
  await until('nothing is open', () => gateway.open.size === 0);
});

it.each(ENDPOINTS)(
  '%s that fails before its head, and can’t be given back, is an error with a status',
  async (_, ask) => {
    const end = await openAttached();
    vi.spyOn(HttpSink.prototype, 'open').mockImplementation(() => {
      throw new TypeError('Invalid character in header content');
    });
    const response = await ask();
    expect(response.status).toBe(500);
    expect(JSON.stringify(await response.json())).toContain('internal_error');
    vi.restoreAllMocks();
    await end();
    await until('nothing is open', () => gateway.open.size === 0);
  },
);
