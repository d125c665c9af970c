import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Instance, startInstance } from '../support/instance.ts';
import { contentOf, openThread, textOf } from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

let instance: Instance;
beforeAll(async () => {
  instance = await startInstance();
});
afterAll(() => instance.stop());

it('an instance that comes late again and again refuses new streams, keeps those it has, and takes new ones later', async () => {
  const spoken = { seed: 5, tokens: 400, tokens_per_second: 50 };
  const open = (fake: object) => openThread(instance.url, { query: 'q', model: 'm', provider: 'fake', fake });
  const running = await open(spoken);
  let refused: Awaited<ReturnType<typeof fetch>> | undefined;
  for (let pause = 0; pause < 2; pause += 1) {
    instance.process.kill('SIGSTOP');
    if (pause === 1) {
      const body = JSON.stringify({ query: 'q', model: 'm', provider: 'fake' });
      const headers = { 'Content-Type': 'application/json' };
      void fetch(`${instance.url}/api/v1/stream`, { method: 'POST', headers, body }).then((response) => {
        refused = response;
      });
    }
    await sleep(2_200);
    instance.process.kill('SIGCONT');
    await sleep(30);
  }
  const answer = await until('the answer to who came in the pause', () => refused);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(await answer.json()).toMatchObject({ error: 'service_unavailable', details: { reason: 'overloaded' } });
  await until('new streams are taken again', async () => {
    const stream = await open({ tokens: 1, ttft_ms: 0 });
    await stream.ended;
    return stream.status === 200;
  });
  await running.ended;
  expect(contentOf(running)).toBe(textOf(spoken));
});
