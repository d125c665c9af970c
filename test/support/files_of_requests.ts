import { once } from 'node:events';
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { buildGateway } from '../../src/gateway/build_gateway.ts';
import { parseConfig } from '../../src/gateway/config.ts';

/** Of so many requests only the files that each of them passes count, so that what a timer runs meanwhile does not. */
const REQUESTS = 8;

const ROOT = pathToFileURL(`${path.resolve(import.meta.dirname, '../..')}/`).href;

const said = { messages: [{ role: 'user', content: 'hi' }], stream: true };
const REQUESTED: Record<string, [path: string, body: object]> = {
  '/api/v1/stream': ['/api/v1/stream', { query: 'hi', provider: 'fake', model: 'demo' }],
  '/v1/chat/completions': ['/v1/chat/completions', { ...said, model: 'fake/demo' }],
  '/v1/chat/completions, passed on': ['/v1/chat/completions', { ...said, model: 'openai/m' }],
  '/v1/chat/completions, translated': ['/v1/chat/completions', { ...said, model: 'anthropic/m' }],
};

/** What providers say, by the end of the path at which they are asked. */
const ANSWERS: Record<string, string> = {
  '/chat/completions':
    'data: {"choices":[{"index":0,"delta":{"content":"One."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
  '/messages': [
    { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'One.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join(''),
};

const provider = createServer((request, response) => {
  const [, answer] = Object.entries(ANSWERS).find(([end]) => request.url?.endsWith(end)) ?? [];
  request.resume();
  response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'text/event-stream' }).end(answer);
});
await once(provider.listen(0, '127.0.0.1'), 'listening');
const address = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;

/** A thread that serves each endpoint and posts the source files with a function that its request calls, by path. */
const gateway = await buildGateway(
  parseConfig({
    LOG_LEVEL: 'error',
    OPENAI_BASE_URL: address,
    ANTHROPIC_BASE_URL: address,
  }),
  { OPENAI_API_KEY: 'sk-of-the-deployment', ANTHROPIC_API_KEY: 'sk-ant-of-the-deployment' },
  '',
);
await gateway.app.listen({ host: '127.0.0.1', port: 0 });
const { port } = gateway.app.server.address() as AddressInfo;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const files: Record<string, string[]> = {};
for (const [name, [endpoint, body]] of Object.entries(REQUESTED)) {
  // What only the first request loads or makes is not on the path of the others.
  await ask(endpoint, body);
  await called();
  let passed: Set<string> | undefined;
  for (let request = 0; request < REQUESTS; request += 1) {
    await ask(endpoint, body);
    const now = await called();
    passed = passed?.intersection(now) ?? now;
  }
  files[name] = [...(passed ?? [])].sort();
}
session.disconnect();
await gateway.app.close();
await gateway.close();
provider.close();
parentPort?.postMessage(files);

async function ask(endpoint: string, body: object): Promise<void> {
  const fake = { text: 'One two three.', ttft_ms: 0, tokens_per_second: 0 };
  const answer = await fetch(`http://127.0.0.1:${port}${endpoint}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, fake }),
  });
  const events = await answer.text();
  if (!events.endsWith('data: [DONE]\n\n')) throw new Error(`${endpoint}: ${answer.status} ${events}`);
}

/** Since it was asked last. */
async function called(): Promise<Set<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const own = result.filter(
    ({ url, functions }) =>
      url.startsWith(`${ROOT}src/`) && functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)),
  );
  return new Set(own.map(({ url }) => url.slice(ROOT.length)));
}
