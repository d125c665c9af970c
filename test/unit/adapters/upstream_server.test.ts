import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, vi } from 'vitest';
import { ProviderAgent } from '../../../src/adapters/providers/provider_agent.ts';
import { serverBase, UpstreamServer } from '../../../src/adapters/providers/upstream_server.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';

it.each<[string, (response: ServerResponse) => void]>([
  ['never answers', () => {}],
  ['never ends its answer', (response) => void response.writeHead(503).write('{')],
])('an errand to a server that %s ends: it holds no socket, and no reload', async (_, answer) => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agent = new ProviderAgent(1_000);
  const redact = (text: string) => text;
  const about = { provider: 'p', baseUrl, headers: {}, silenceMs: 200, redact, calls: { count: 0 } };
  const upstream = new UpstreamServer(about, agent, new TimerWheel(5));
  const errand = upstream.errand({ method: 'POST', path: '/responses/r/cancel' });
  await agent.retire();
  await errand;
  // A busy machine may let a try's time pass before it was sent.
  expect(asked).toBeLessThanOrEqual(3);
  // A socket that is held would hold the server, too.
  const closed = once(server, 'close');
  server.close();
  await closed;
});

it('an errand whose sender can’t be loaded ends, after three tries', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    const request = vi.fn(() => {
      throw new Error('Cannot find module');
    });
    const redact = (text: string) => text;
    const about = { provider: 'p', baseUrl: 'http://p', headers: {}, silenceMs: 200, redact, calls: { count: 0 } };
    const upstream = new UpstreamServer(about, { request } as unknown as ProviderAgent, new TimerWheel(5));
    const errand = upstream.errand({ method: 'POST', path: '/responses/r/cancel' });
    await Promise.all([errand, vi.advanceTimersByTimeAsync(5_000)]);
    expect(request).toHaveBeenCalledTimes(3);
  } finally {
    vi.useRealTimers();
  }
});

it.each([
  ['https://api.openai.com/v1', 'https://api.openai.com', '/v1'],
  ['http://127.0.0.1:8080/v1//', 'http://127.0.0.1:8080', '/v1'],
  ['https://api.anthropic.com', 'https://api.anthropic.com', ''],
  ['https://models.example/team/a%20b/v1/', 'https://models.example', '/team/a%20b/v1'],
])('a request to %s goes to that host, below that path', (baseUrl, origin, prefix) => {
  expect(serverBase(baseUrl)).toEqual({ origin, prefix });
});
