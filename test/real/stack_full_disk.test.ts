import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { until } from '../support/until.ts';

let stack: StackFixture;
beforeAll(async () => {
  stack = await newStack();
  mkdirSync(path.join(stack.state, 'logs'));
});
afterAll(() => stack.destroy());

/** Whatever is written to this file meets a disk without room. */
const full = (file: string) => symlinkSync('/dev/full', path.join(stack.state, file));
const stream = () =>
  requestHttp1(stack.url, {
    path: '/api/v1/stream',
    body: { query: 'hi', model: 'm', provider: 'fake', fake: { tokens: 5, ttft_ms: 0 } },
  });

describe('a full disk', () => {
  it('before the start is one sentence that says so, and nothing is left', async () => {
    full('nginx.conf');
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags]);
    rmSync(path.join(stack.state, 'nginx.conf'));
    expect(code).toBe(1);
    expect(stderr).toContain('No space is left on the disk (ENOSPC: no space left on device, write); make room');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(JSON.parse((await stack.weir(['status', '--json'])).stdout)).toMatchObject({ services: [] });
  });

  it('under all logs costs lines, and no stream, no process and no restart', async () => {
    for (const name of ['app-1', 'console', 'supervisor', 'nginx.access']) full(`logs/${name}.log`);
    await stack.start(['--instances', '1']);
    const pids = () => Promise.all(['app-1', 'console', 'nginx'].map((name) => stack.pid(name)));
    const before = await pids();
    for (let streams = 0; streams < 3; streams += 1) {
      expect(await stream()).toMatchObject({ status: 200, text: expect.stringMatching(/\[DONE\]\n\n$/) });
    }
    expect((await fetch(stack.dashboard)).status).toBe(200);
    expect(await pids()).toEqual(before);
    // The supervisor has lines to write about this one.
    process.kill(before[0] as number, 'SIGKILL');
    await until('the instance is back', async () => (await stream()).status === 200);
  }, 120_000);
});
