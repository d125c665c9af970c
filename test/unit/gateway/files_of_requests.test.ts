import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const LISTS = '.weir/files_of_requests.json';

/** How many files a reader opens to follow a request from socket to socket. Lower them when there are fewer. */
const MOST: Record<string, number> = {
  '/api/v1/stream': 49,
  '/v1/chat/completions': 55,
  '/v1/chat/completions, passed on': 58,
  '/v1/chat/completions, translated': 84,
};

it('a request passes no more files from socket to socket than it did', async () => {
  // A stream of its own: what else this process runs is not counted.
  const stream = new Worker(path.join(ROOT, 'test/support/files_of_requests.ts'), { execArgv: [] });
  const [[files]] = (await Promise.all([once(stream, 'message'), once(stream, 'exit')])) as [
    [Record<string, string[]>],
    unknown,
  ];
  mkdirSync(path.join(ROOT, '.weir'), { recursive: true });
  writeFileSync(path.join(ROOT, LISTS), `${JSON.stringify(files, null, 2)}\n`);
  const counts = Object.entries(files).map(([endpoint, passed]) => `POST ${endpoint} ${passed.length}`);
  console.log(`Files from socket to socket: ${counts.join(', ')} (${LISTS})`);
  expect(Object.keys(files)).toEqual(Object.keys(MOST));
  for (const [endpoint, passed] of Object.entries(files)) {
    // Every path passes these: without them nothing was counted.
    expect(passed).toContain('src/core/stream/run_stream.ts');
    expect(passed).toContain('src/gateway/http/http_sink.ts');
    expect(passed.length, `${endpoint} passes ${passed.join(', ')}`).toBeLessThanOrEqual(MOST[endpoint] as number);
  }
});
