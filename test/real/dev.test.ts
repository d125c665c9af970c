import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEnvironment } from '../../src/cli/environment.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { until } from '../support/until.ts';

const { root } = readEnvironment();
let stack: StackFixture;
let dev: ChildProcess | undefined;
beforeEach(async () => {
  stack = await newStack();
});
afterEach(async () => {
  dev?.kill('SIGKILL');
  await stack.destroy();
});

it('dev: one instance without NGINX lets three of ten streams in, and ends at a signal', async () => {
  const port = stack.ports.http;
  const args = [path.join(root, 'src/cli/main.ts'), 'dev', '--port', String(port)];
  dev = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, DRAIN_SECONDS: '1' } });
  const ended = new Promise((resolve) => dev?.once('exit', resolve));
  const api = `http://127.0.0.1:${port}/api/v1`;
  await until('the instance answers', () => shortRequest({ url: `${api}/health/ready` }).catch(() => false));

  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      shortRequest({
        url: `${api}/stream`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: 'x', model: 'm', provider: 'fake', fake: { tokens: 2, ttft_ms: 1000 } }),
        timeoutMs: 20_000,
      }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
  expect(answers.every(({ headers }) => headers['x-gateway-via'] === undefined)).toBe(true);
  dev.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it('dev names the process that has its port, and the option that fixes it', async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const { port } = squatter.address() as AddressInfo;
  const { code, stderr } = await stack.weir(['dev', '--port', String(port)]);
  squatter.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`(pid ${process.pid})`);
  expect(stderr).toContain(`--port ${port + 1}`);
});
