import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { OpenAiEndpoint } from '../../../src/adapters/providers/openai_endpoint.ts';
import { ProviderAgent } from '../../../src/adapters/providers/provider_agent.ts';
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
  const about = { provider: 'p', baseUrl, headers: {}, silenceMs: 200, redact: (text: string) => text };
  const endpoint = new OpenAiEndpoint(about, agent, new TimerWheel(5));
  const errand = endpoint.errand({ method: 'POST', path: '/responses/r/cancel' });
  await agent.retire();
  await errand;
  // A busy machine may let a try's time pass before it was sent.
  expect(asked).toBeLessThanOrEqual(3);
  // A socket that is held would hold the server, too.
  const closed = once(server, 'close');
  server.close();
  await closed;
});
