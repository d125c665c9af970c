import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './figures.ts';
import { cpuMicroseconds } from './measure_cpu.ts';
import { startProcess } from './start_process.ts';

const AUTOCANNON = 'autocannon@9.0.0';
const PORT = 9220;
const EVENTS = 100;
const SETTLE_MS = 3000;
const WORKLOADS = [
  { name: 'whole streams of 100 events, in one write each, 100 at once', concurrency: 100, paceMs: 0 },
  { name: 'as models send them: an event every 20 ms, 400 at once', concurrency: 400, paceMs: 20 },
];

const url = `http://127.0.0.1:${PORT}`;

interface Measured {
  perSecond: number;
  microseconds: number;
  core: number;
}

/**
 * What the load generator itself costs, beside autocannon, which counts bytes and looks at no event; as Markdown. Both
 * are one process at HTTP/1.1 against a server that costs little, and both are counted by that server.
 */
export async function generatorTable(runs: number, seconds: number): Promise<string> {
  const autocannon = autocannonFile();
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const lines = ['| workload | generator | streams/s | CPU µs per event | of a core |', '|---|---|--:|--:|--:|'];
  try {
    for (const { name, concurrency, paceMs } of WORKLOADS) {
      const args = ['bench/canned_server.ts', '--port', `${PORT}`, '--events', `${EVENTS}`, '--pace', `${paceMs}`];
      const server = await startProcess(process.execPath, args, { port: PORT });
      try {
        const figures = new Map<string, Measured[]>();
        for (let run = 1; run <= runs; run++) {
          for (const [generator, command] of Object.entries(commands(autocannon, concurrency, seconds))) {
            const measured = await measure(command, concurrency, seconds, directory);
            process.stderr.write(`run ${run}: ${generator}: ${measured.microseconds.toFixed(2)} µs per event\n`);
            figures.set(generator, [...(figures.get(generator) ?? []), measured]);
          }
        }
        for (const [generator, measured] of figures) lines.push(`| ${name} | ${generator} | ${cells(measured)} |`);
      } finally {
        await server.stop();
      }
    }
    return lines.join('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Medians: streams per second, CPU per event, part of a core. */
function cells(measured: readonly Measured[]): string {
  const of = (pick: (each: Measured) => number) => median(measured.map(pick));
  const core = Math.round(of((each) => each.core) * 100);
  return `${of((each) => each.perSecond).toFixed(0)} | ${of((each) => each.microseconds).toFixed(2)} | ${core} %`;
}

function commands(autocannon: string, concurrency: number, seconds: number): Record<string, string[]> {
  const duration = `${seconds + 20}`;
  const body = JSON.stringify({ query: 'hi', model: 'demo', provider: 'fake', stream: true });
  const load = ['src/cli/main.ts', 'load', url, '-c', `${concurrency}`, '--duration', `${duration}s`, '--json', '-'];
  const post = ['-m', 'POST', '-b', body, '-H', 'content-type=application/json'];
  return {
    '`./weir load`: each event decoded, checked and timed': load,
    [`${AUTOCANNON}: bytes counted`]: [
      autocannon,
      '-c',
      `${concurrency}`,
      '-d',
      duration,
      ...post,
      `${url}/api/v1/stream`,
    ],
  };
}

async function measure(args: string[], concurrency: number, seconds: number, directory: string): Promise<Measured> {
  const before = await sent();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, WEIR_STATE_DIR: directory },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const exited = once(child, 'exit');
  try {
    while ((await sent()) < before + concurrency * EVENTS) await sleep(50);
    // Compiled, connected and steady.
    await sleep(SETTLE_MS);
    const look = async () => ({ atMs: performance.now(), sent: await sent(), cpu: cpuMicroseconds([child.pid!]) });
    const from = await look();
    await sleep(seconds * 1000);
    const to = await look();
    const [events, tookMs, cpu] = [to.sent - from.sent, to.atMs - from.atMs, to.cpu - from.cpu];
    return { perSecond: (events * 1000) / EVENTS / tookMs, microseconds: cpu / events, core: cpu / 1000 / tookMs };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** Chunks that the server has sent: streams end in waves, chunks don't. */
async function sent(): Promise<number> {
  const answer = await fetch(`${url}/sent`);
  return ((await answer.json()) as { sent: number }).sent;
}

/** Fetched by npm into its own cache: it is no dependency of Weir. */
function autocannonFile(): string {
  const args = ['exec', '--yes', `--package=${AUTOCANNON}`, '--', 'sh', '-c', 'readlink -f "$(command -v autocannon)"'];
  return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
