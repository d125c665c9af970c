import type { Redis } from 'ioredis';
import { cpuMicroseconds } from './measure_cpu.ts';
import { startResumable } from './start_resumable.ts';
import { runWave } from './wave.ts';

const PORT = 9220;
const PER_SECOND = 4;

/** What resumable streams cost Redis at a number of streams. */
export interface LogCost {
  streams: number;
  /** Round trips to Redis per token. */
  commandsPerEvent: number;
  redisMicroseconds: number;
  instanceMicroseconds: number;
  /** Largest memory of Redis while they ran, in bytes per stream, above what it had before. */
  redisBytesPerStream: number;
}

/**
 * One instance with `streams` resumable streams of the fake provider, 4 tokens a second each, until all have ended.
 * @param seconds how long each stream takes
 */
export async function logCost(streams: number, seconds: number): Promise<LogCost> {
  const { redis, instance, client, usedMemory, stop } = await startResumable(PORT);
  let largest = 0;
  const watch = setInterval(async () => {
    largest = Math.max(largest, await usedMemory());
  }, 1_000);
  try {
    const tokens = PER_SECOND * seconds;
    const idle = await usedMemory();
    await client.config('RESETSTAT');
    const pids = [redis.pid, instance.pid].map((pid) => [pid]);
    const before = pids.map(cpuMicroseconds);
    await runWave({
      port: PORT,
      path: '/api/v1/stream',
      body: {
        query: 'hi',
        model: 'demo',
        provider: 'fake',
        resumable: true,
        fake: { text: 'word '.repeat(tokens), tokens_per_second: PER_SECOND, ttft_ms: 20 },
      },
      streams,
      rampMs: Math.max(1_000, streams / 2),
    });
    const events = streams * tokens;
    const [redisCpu, instanceCpu] = pids.map((pid, at) => (cpuMicroseconds(pid) - before[at]!) / events);
    return {
      streams,
      commandsPerEvent: (await roundTrips(client)) / events,
      redisMicroseconds: redisCpu!,
      instanceMicroseconds: instanceCpu!,
      redisBytesPerStream: (largest - idle) / streams,
    };
  } finally {
    clearInterval(watch);
    await stop();
  }
}

/** Every script once: commandstats also counts what scripts call. */
async function roundTrips(client: Redis): Promise<number> {
  const stats = await client.info('commandstats');
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}
