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

const REQUESTED: Record<string, object> = {
  '/api/v1/stream': { query: 'hi', provider: 'fake', model: 'demo' },
  '/v1/chat/completions': { messages: [{ role: 'user', content: 'hi' }], model: 'fake/demo', stream: true },
};

/** A thread that serves each endpoint and posts the source files with a function that its request calls, by path. */
const gateway = await buildGateway(parseConfig({ LOG_LEVEL: 'error' }), {}, '');
await gateway.app.listen({ host: '127.0.0.1', port: 0 });
const { port } = gateway.app.server.address() as AddressInfo;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const files: Record<string, string[]> = {};
for (const [endpoint, body] of Object.entries(REQUESTED)) {
  // What only the first request loads or makes is not on the path of the others.
  await ask(endpoint, body);
  await called();
  let passed: Set<string> | undefined;
  for (let request = 0; request < REQUESTS; request += 1) {
    await ask(endpoint, body);
    const now = await called();
    passed = passed?.intersection(now) ?? now;
  }
  files[endpoint] = [...(passed ?? [])].sort();
}
session.disconnect();
await gateway.app.close();
await gateway.close();
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
