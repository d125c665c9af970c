import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './figures.ts';
import { cpuMicroseconds } from './measure_cpu.ts';
import { ratioInterval, verdictOf } from './ratio_interval.ts';
import { checkOutRevision } from './revision.ts';
import { type Row, startedProcesses, startMock } from './rows.ts';
import { runWave } from './wave.ts';
import { DEPLOYED_ROWS, startDeployedRows, type Version } from './weir_rows.ts';

const STARTS = 5;
const PAIRS = 6;
/** For each version; together they leave the core that they share a fifth of its time. */
const STREAMS = 120;
const CHUNKS = 100;
const PER_SECOND = 50;
const RAMP_MS = 300;
/** Fifty thousand events for each version: V8 compiles. More at once would keep the core from sleeping, and be refused. */
const WARM_UP = { waves: 2, streams: 250 };

/** The core that both versions share; all else has the others. */
const CORE = '0';

/**
 * Compares this tree with another revision, row by row. Both run at the same time on the same core, with half of the
 * streams each: whatever else the machine does, and however warm it is, meets both. One after the other, on a shared
 * machine, they differ by 10 % and more from pair to pair; so by 2 or 3 %.
 * @param keys rows, as {@link DEPLOYED_ROWS} has them
 * @param node the Node.js that runs the other revision
 * @returns a table, in Markdown
 * @throws Error when a stream of either breaks
 */
export async function compareWith(
  revision: string,
  keys: readonly string[],
  node: string,
  say: (text: string) => void,
): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const root = join(directory, 'theirs');
  say(`checking out ${revision}`);
  const remove = checkOutRevision(revision, root);
  const mock = startedProcesses();
  const cores = availableParallelism();
  try {
    // What is started from here on inherits it.
    if (cores > 1) execFileSync('taskset', ['-acp', `1-${cores - 1}`, `${process.pid}`], { stdio: 'ignore' });
    const mockUrl = await startMock(mock);
    const versions = [
      { root: process.cwd(), node: process.execPath },
      { root, node },
    ];
    const lines = [
      `| CPU µs per event | this tree | ${revision} | ratio | 95 % interval | |`,
      '|---|--:|--:|--:|---|---|',
    ];
    for (const key of keys) lines.push(...(await compareRow(key, versions, mockUrl, directory, say)));
    return lines.join('\n');
  } finally {
    await mock.stop();
    remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compareRow(
  key: string,
  versions: readonly Version[],
  mockUrl: string,
  directory: string,
  say: (text: string) => void,
): Promise<string[]> {
  const names: string[] = [];
  /** By figure of the row, then by start, then by pair. */
  const figures: [number, number][][][] = [];
  for (let start = 1; start <= STARTS; start++) {
    const started = startedProcesses();
    try {
      const rows: Row[] = [];
      // Neither is always the first.
      for (const side of start % 2 ? [0, 1] : [1, 0]) {
        const folder = join(directory, `${key}-${start}-${side}`);
        mkdirSync(folder);
        const work = { chunks: CHUNKS, perSecond: PER_SECOND };
        const [row] = await startDeployedRows(folder, versions[side]!, mockUrl, work, [key], started.keep);
        const [instance] = row!.figures;
        // The instance is the first; NGINX, where it counts too, keeps away.
        execFileSync('taskset', ['-acp', CORE, `${instance!.pids[0]}`], { stdio: 'ignore' });
        rows[side] = row!;
      }
      say(`${key}, start ${start} of ${STARTS}: warm-up`);
      for (let wave = 0; wave < WARM_UP.waves; wave++) await bothAtOnce(rows, WARM_UP.streams);
      for (let pair = 1; pair <= PAIRS; pair++) {
        const [ours, theirs] = await bothAtOnce(rows, STREAMS);
        ours!.forEach((value, at) => {
          names[at] = rows[0]!.figures[at]!.name;
          figures[at] ??= [];
          figures[at][start - 1] ??= [];
          figures[at][start - 1]!.push([value, theirs![at]!]);
        });
        const [here, there] = [ours, theirs].map((values) => values![0]!.toFixed(1));
        say(`${key}, start ${start} of ${STARTS}, pair ${pair} of ${PAIRS}: ${here} and ${there} µs`);
      }
    } finally {
      await started.stop();
    }
  }
  return figures.map((starts, at) => {
    const [ours, theirs] = [0, 1].map((side) => median(starts.flat().map((pair) => pair[side]!)).toFixed(1));
    const interval = ratioInterval(starts);
    const [ratio, low, high] = [interval.ratio, interval.low, interval.high].map((value) => value.toFixed(3));
    return `| ${names[at]} | ${ours} | ${theirs} | ${ratio} | ${low} to ${high} | ${verdictOf(interval)} |`;
  });
}

/** @returns for each row, CPU microseconds per chunk of each of its figures */
async function bothAtOnce(rows: readonly Row[], streams: number): Promise<number[][]> {
  const used = () => rows.map(({ figures }) => figures.map(({ pids }) => cpuMicroseconds(pids)));
  const before = used();
  await Promise.all(rows.map((row) => runWave({ ...row, streams, rampMs: RAMP_MS })));
  return used().map((of, side) => of.map((value, at) => (value - before[side]![at]!) / (streams * CHUNKS)));
}
