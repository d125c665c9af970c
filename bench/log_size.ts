import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startResumable } from './start_resumable.ts';
import { runWave } from './wave.ts';

/**
 * Does the log stay bounded by the checkpoint interval? Long resumable streams, wave after wave, and the log's size in
 * Redis every ten seconds. `node bench/log_size.ts --minutes 10 --streams 100 --seconds 300`
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    streams: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '300' },
  },
});
const PORT = 9221;
const PER_SECOND = 5;
const SAMPLE_MS = 10_000;

const { client, usedMemory, stop } = await startResumable(PORT);
const endAt = performance.now() + Number(values.minutes) * 60_000;
try {
  const text = 'word '.repeat(PER_SECOND * Number(values.seconds));
  const fake = { text, tokens_per_second: PER_SECOND, ttft_ms: 20 };
  const body = { query: 'hi', model: 'demo', provider: 'fake', resumable: true, fake };
  const waves = (async () => {
    while (performance.now() < endAt) {
      await runWave({ port: PORT, path: '/api/v1/stream', body, streams: Number(values.streams), rampMs: 5_000 });
    }
  })();
  process.stdout.write('| minute | groups in the log | bytes of the log | bytes of Redis |\n|--:|--:|--:|--:|\n');
  for (let at = 1; performance.now() < endAt; at += 1) {
    await sleep(SAMPLE_MS);
    const [wal] = await client.keys('weir:wal:*');
    const [groups, bytes] = wal ? [await client.xlen(wal), await client.memory('USAGE', wal, 'SAMPLES', 0)] : [0, 0];
    process.stdout.write(
      `| ${((at * SAMPLE_MS) / 60_000).toFixed(1)} | ${groups} | ${bytes} | ${await usedMemory()} |\n`,
    );
  }
  await waves;
} finally {
  await stop();
}
