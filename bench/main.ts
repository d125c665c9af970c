import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWith } from './against.ts';
import { cancelLatencies } from './cancel_latency.ts';
import {
  cancelTable,
  type Delays,
  delayGoalTable,
  delayTable,
  type Figure,
  figureTable,
  goalTable,
} from './figures.ts';
import { generatorTable } from './generator_table.ts';
import { cpuMicroseconds } from './measure_cpu.ts';
import { performancePage } from './performance_page.ts';
import { DELAY_GOALS, GOALS, type Row, startRows } from './rows.ts';
import { countStolenTime } from './stolen_time.ts';
import { runWave } from './wave.ts';
import { DEPLOYED_ROWS } from './weir_rows.ts';

/** V8 goes on compiling for the first hundred thousand events; what lives for days is measured as it is then. */
const WARM_UP_WAVES = 3;
/** So many streams are far from any limit: what a relay adds is its own doing, and no queue. */
const FEW_STREAMS = 50;
/** They last a second each, and for so many seconds as many begin as end. */
const FEW_SECONDS = 10;

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '400' },
    chunks: { type: 'string', default: '200' },
    rate: { type: 'string', default: '50' },
    runs: { type: 'string', default: '3' },
    /** Rows by key (and `generator`), comma separated; the floor and the way without a relay are always among them. */
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    /** Compares this tree with a revision, and does nothing else; with `row`, for one row. */
    against: { type: 'string' },
    row: { type: 'string' },
    /** The Node.js that runs that revision. */
    node: { type: 'string', default: process.execPath },
  },
});
if (values.against) {
  const keys = DEPLOYED_ROWS.filter((key) => values.row === undefined || key === values.row);
  if (keys.length === 0) {
    say(`There is no row "${values.row}"; there are ${DEPLOYED_ROWS.join(', ')}.`);
    process.exit(2);
  }
  process.stdout.write(`${await compareWith(values.against, keys, values.node, say)}\n`);
  process.exit();
}
const streams = Number(values.streams);
const chunks = Number(values.chunks);
const runs = Number(values.runs);

const stolen = countStolenTime();
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
      figures.set(name, { name, first: first[at]!, microseconds: [], ratios: [] });
    });
    for (let wave = 1; wave < WARM_UP_WAVES; wave++) await measure(row);
  }
  const delays = new Map<string, Delays>();
  for (let run = 1; run <= runs; run++) {
    let floor = Number.NaN;
    for (const row of chosen) {
      const microseconds = await measure(row);
      if (row.key === 'floor') floor = microseconds[0] ?? Number.NaN;
      say(`run ${run} of ${runs}: ${row.key} ${microseconds.map((value) => value.toFixed(1)).join(' and ')} µs`);
      row.figures.forEach(({ name }, at) => {
        const figure = figures.get(name)!;
        figure.microseconds.push(microseconds[at]!);
        figure.ratios.push(microseconds[at]! / floor);
      });
    }
    // A provider in the process has no delay to compare with.
    for (const row of chosen.filter(({ body }) => !('fake' in body))) {
      const { firstTextMs, gapsMs } = await runWave({
        ...row,
        body: { ...row.body, model: String(row.body.model).replace(/mock-\d+/, `mock-${values.rate}`) },
        streams: FEW_STREAMS * FEW_SECONDS,
        rampMs: FEW_SECONDS * 1000,
      });
      const seen = delays.get(row.key) ?? { name: row.name, firstTextMs: [], gapsMs: [] };
      seen.firstTextMs.push(...firstTextMs);
      seen.gapsMs.push(...gapsMs);
      delays.set(row.key, seen);
    }
  }
  const cancels = new Map<string, number[]>();
  for (const row of chosen.filter(({ key }) => ['weir', 'relay', 'chat'].includes(key))) {
    cancels.set(row.name, await cancelLatencies(row, mockUrl));
  }
  const isGeneratorWanted = wanted === undefined || wanted.includes('generator');
  const generator = isGeneratorWanted ? [`## The load generator itself\n${await generatorTable(runs, 5)}`] : [];
  const waits = [...delays.values()];
  const tables = [
    `## CPU per relayed event\n${figureTable([...figures.values()])}`,
    `## Goals\n${goalTable(GOALS, figures)}`,
    `## Time added, ${FEW_STREAMS} streams at once\n${delayTable(waits)}`,
    delayGoalTable(waits, DELAY_GOALS, figures.get(chosen.find(({ key }) => key === 'floor')!.name)!),
    `## Cancel, until the provider sees it\n${cancelTable(cancels)}`,
    ...generator,
    stolen(),
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

/** @returns CPU microseconds per chunk, of each of the row's figures */
async function measure(row: Row): Promise<number[]> {
  const before = row.figures.map(({ pids }) => cpuMicroseconds(pids));
  await runWave({ ...row, streams, rampMs: 1000 });
  const after = row.figures.map(({ pids }) => cpuMicroseconds(pids));
  return after.map((used, at) => (used - before[at]!) / (streams * chunks));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
