import { describe, expect, it } from 'vitest';
import { startInstance } from '../support/instance.ts';
import { rawConnection, streamPost } from '../support/raw_http.ts';
import { until } from '../support/until.ts';

const stream = (tokens: number) =>
  streamPost({ query: 'hi', model: 'm', fake: { tokens, tokens_per_second: 20, ttft_ms: 0 } });

describe.concurrent('an instance that gets SIGTERM', () => {
  it('says that it is not ready, still serves, finishes its streams and exits with 0', async () => {
    const instance = await startInstance({ DRAIN_SECONDS: '30' });
    const running = rawConnection(instance.port, stream(60));
    await until('the stream runs', () => running.received().includes('event: chunk'));
    instance.process.kill('SIGTERM');
    const ready = await until('ready says no', async () => {
      const answer = await fetch(`${instance.url}/api/v1/health/ready`);
      return answer.status === 503 ? answer : undefined;
    });
    expect(ready.headers.get('connection')).toBe('close');
    const late = rawConnection(instance.port, stream(2));
    await late.ended;
    expect(late.received()).toContain('[DONE]');
    expect(await instance.exited).toBe(0);
    expect(running.received()).toMatch(/event: complete[\s\S]*\[DONE\]/);
  });

  it('ends what is left at the deadline with one truthful error', async () => {
    const instance = await startInstance({ DRAIN_SECONDS: '1' });
    const running = rawConnection(instance.port, stream(10_000));
    await until('the stream runs', () => running.received().includes('event: chunk'));
    instance.process.kill('SIGTERM');
    expect(await instance.exited).toBe(0);
    await running.ended;
    expect(running.received().match(/event: error/g)).toHaveLength(1);
    expect(running.received()).toMatch(/"error":"draining"[\s\S]*"retryable":true/);
    expect(running.received()).not.toContain('[DONE]');
  });

  it('ends streams of other APIs with an error in their own format', async () => {
    const instance = await startInstance({ DRAIN_SECONDS: '1' });
    const fake = { tokens: 10_000, tokens_per_second: 20, ttft_ms: 0 };
    const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }], fake };
    const running = rawConnection(instance.port, streamPost(body, {}, '/v1/chat/completions'));
    await until('the stream runs', () => running.received().includes('"content":"'));
    instance.process.kill('SIGTERM');
    expect(await instance.exited).toBe(0);
    await running.ended;
    expect(running.received()).toMatch(/data: \{"error":\{"message":"[^"]+","type":"server_error","code":"draining"/);
    expect(running.received()).not.toContain('[DONE]');
  });

  it('leaves at once at the second signal', async () => {
    const instance = await startInstance({ DRAIN_SECONDS: '60' });
    const running = rawConnection(instance.port, stream(10_000));
    await until('the stream runs', () => running.received().includes('event: chunk'));
    instance.process.kill('SIGTERM');
    await until('it drains', () => instance.lines.some((line) => line.event === 'Draining'));
    instance.process.kill('SIGTERM');
    expect(await instance.exited).toBe(1);
  });
});

describe('an instance that can not start', () => {
  it('names every wrong variable and exits with 2', async () => {
    await expect(startInstance({ MAX_CONNECTIONS: 'many', REDIS_URL: 'here' })).rejects.toThrow(
      /exit 2: The configuration is not valid[\s\S]*REDIS_URL[\s\S]*MAX_CONNECTIONS/,
    );
  });

  it('says that its port is taken', async () => {
    const first = await startInstance();
    await expect(startInstance({ PORT: String(first.port) })).rejects.toThrow(/exit 1.*Cannot listen on .*EADDRINUSE/);
    await first.stop();
  });
});
