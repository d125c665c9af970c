import { parseArgs } from 'node:util';
import { newStack } from '../test/support/stack_fixture.ts';
import { percentile } from './figures.ts';
import { manyStreams } from './many_streams.ts';
import { refusals } from './refusals.ts';
import { countStolenTime } from './stolen_time.ts';

/** `npm run bench:many`: the whole stack, through NGINX with TLS and HTTP/2, full to its brim and beyond. */
const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000,10000' },
    refusals: { type: 'string', default: '1000' },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
const stolen = countStolenTime();
const lines: string[] = [
  '| streams at once | whole | late, p99 | memory of the instances: idle, full, a minute after | KiB per stream |',
  '|--:|--:|--:|--:|--:|',
];

for (const streams of values.streams.split(',').map(Number).filter(Boolean)) {
  const stack = await newStack();
  try {
    say(`${streams} streams`);
    await stack.start(['--max-per-user', '20000', '--max-connections', '20000']);
    const { ok, lateP99, idle, full, after } = await manyStreams(stack, streams);
    const each = ((full - idle) / streams / 1024).toFixed(1);
    lines.push(
      `| ${streams} | ${ok} | ${lateP99.toFixed(0)} ms | ${mib(idle)}, ${mib(full)}, ${mib(after)} MiB | ${each} |`,
    );
  } finally {
    await stack.destroy();
  }
}

const perSecond = Number(values.refusals);
if (perSecond > 0) {
  const stack = await newStack();
  try {
    say(`${perSecond} refusals a second`);
    await stack.start();
    const { firstMs, refusedMs, floorMs, gapsMs } = await refusals(stack, 9, perSecond);
    const row = (what: string, of: number[]) =>
      `| ${what} | ${of.length} | ${[0.5, 0.99].map((share) => percentile(of, share).toFixed(1)).join(' | ')} |`;
    lines.push(
      '',
      `| ${perSecond} a second | n | p50 ms | p99 ms |`,
      '|---|--:|--:|--:|',
      row('refusals of a stack just started', firstMs),
      row('refusals', refusedMs),
      row('what NGINX answers alone', floorMs),
      row('gaps of nine admitted streams meanwhile, 20 ms apart', gapsMs),
      '',
    );
  } finally {
    await stack.destroy();
  }
}
process.stdout.write(`${lines.join('\n')}\n${stolen()}\n`);
