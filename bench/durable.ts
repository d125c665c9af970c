import { parseArgs } from 'node:util';
import { percentile } from './figures.ts';
import { logCost } from './log_cost.ts';
import { countStolenTime } from './stolen_time.ts';
import { takeovers } from './takeover.ts';

/** `npm run bench:durable`: what it costs that streams survive, and how long a client waits when an instance dies. */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    streams: { type: 'string', default: '100,1000,5000' },
    seconds: { type: 'string', default: '60' },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

const stolen = countStolenTime();
const costs = [];
for (const streams of values.streams.split(',').map(Number).filter(Boolean)) {
  say(`log: ${streams} streams`);
  costs.push(await logCost(streams, Number(values.seconds)));
}
const kills = Number(values.kills);
const { gapsMs, broken } = kills > 0 ? await takeovers(kills, say) : { gapsMs: [], broken: 0 };

const lines = [
  '| streams | Redis commands per event | Redis µs per event | instance µs per event | Redis bytes per stream |',
  '|--:|--:|--:|--:|--:|',
  ...costs.map((cost) =>
    [
      '',
      cost.streams,
      cost.commandsPerEvent.toFixed(3),
      cost.redisMicroseconds.toFixed(1),
      cost.instanceMicroseconds.toFixed(1),
      Math.round(cost.redisBytesPerStream),
      '',
    ]
      .join(' | ')
      .trim(),
  ),
  '',
  `Kill to next token at the client, ${kills} kills, ${gapsMs.length} streams taken over, ${broken} not whole:`,
  ...[0.5, 0.99, 1].map((share) => `- p${share * 100}: ${percentile(gapsMs, share).toFixed(0)} ms`),
  stolen(),
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = broken === 0 ? 0 : 1;
