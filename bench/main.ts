import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cancelLatencies } from './cancel_latency.ts';
import { cancelTable, type Figure, type FirstText, figureTable, firstTextTable, goalTable } from './figures.ts';
import { generatorTable } from './generator_table.ts';
import { cpuMicroseconds } from './measure_cpu.ts';
import { performancePage } from './performance_page.ts';
import { GOALS, type Row, startRows } from './rows.ts';
import { runWave } from './wave.ts';

/** V8 goes on compiling for the first hundred thousand events; what lives for days is measured as it is then. */
const WARM_UP_WAVES = 3;

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '400' },
    chunks: { type: 'string', default: '200' },
    rate: { type: 'string', default: '50' },
    runs: { type: 'string', default: '3' },
    /** Rows by key (and `generator`), comma separated; the floor and the way without a relay are always among them. */
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const streams = Number(values.streams);
const chunks = Number(values.chunks);
const runs = Number(values.runs);

const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
const { rows, mockUrl, stop } = await startRows(directory, { chunks, perSecond: Number(values.rate) });
try {
  const wanted = values.only?.split(',');
  const chosen = rows.filter((row) => wanted === undefined || ['direct', 'floor', ...wanted].includes(row.key));
  const figures = new Map<string, Figure>();
  for (const row of chosen) {
    say(`warm-up: ${row.key}`);
    const first = await measure(row);
    row.figures.forEach(({ name }, at) => {
      figures.set(name, { name, first: first.microseconds[at]!, microseconds: [], ratios: [] });
    });
    for (let wave = 1; wave < WARM_UP_WAVES; wave++) await measure(row);
  }
  const firstText = new Map<string, FirstText>();
  for (let run = 1; run <= runs; run++) {
    let floor = Number.NaN;
    for (const row of chosen) {
      const { microseconds, firstTextMs } = await measure(row);
      if (row.key === 'floor') floor = microseconds[0] ?? Number.NaN;
      say(`run ${run} of ${runs}: ${row.key} ${microseconds.map((value) => value.toFixed(1)).join(' and ')} µs`);
      const seen = firstText.get(row.key) ?? { name: row.name, values: [] };
      firstText.set(row.key, { ...seen, values: [...seen.values, ...firstTextMs] });
      row.figures.forEach(({ name }, at) => {
        const figure = figures.get(name)!;
        figure.microseconds.push(microseconds[at]!);
        figure.ratios.push(microseconds[at]! / floor);
      });
    }
  }
  const cancels = new Map<string, number[]>();
  for (const row of chosen.filter(({ key }) => ['weir', 'deployed', 'chat'].includes(key))) {
    cancels.set(row.name, await cancelLatencies(row, mockUrl));
  }
  const isGeneratorWanted = wanted === undefined || wanted.includes('generator');
  const generator = isGeneratorWanted ? [`## The load generator itself\n${await generatorTable(runs, 5)}`] : [];
  const tables = [
    `## CPU per relayed event\n${figureTable([...figures.values()])}`,
    `## Goals\n${goalTable(GOALS, figures)}`,
    `## Time to the first text\n${firstTextTable([...firstText.values()])}`,
    `## Cancel, until the provider sees it\n${cancelTable(cancels)}`,
    ...generator,
  ].join('\n\n');
  process.stdout.write(`${tables}\n`);
  if (values.write) {
    writeFileSync(
      'docs/performance.md',
      performancePage(tables, `npm run bench -- --write${values.only ? ` --only ${values.only}` : ''}`, streams, runs),
    );
  }
} finally {
  await stop();
  rmSync(directory, { recursive: true, force: true });
}

async function measure(row: Row): Promise<{ microseconds: number[]; firstTextMs: number[] }> {
  const before = row.figures.map(({ pids }) => cpuMicroseconds(pids));
  const { firstTextMs } = await runWave({ ...row, streams, rampMs: 1000 });
  const after = row.figures.map(({ pids }) => cpuMicroseconds(pids));
  return { microseconds: after.map((used, at) => (used - before[at]!) / (streams * chunks)), firstTextMs };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
