import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installPackages } from '../stack/machine/install_packages.ts';
import { findCommand } from '../stack/machine/run_command.ts';
import { UsageError } from '../stack/stack_error.ts';
import type { Environment } from './environment.ts';
import { watchMachine } from './machine_watch.ts';
import { print, say } from './reporter.ts';
import { filesOf, listTestFiles, PROJECTS, testAreas } from './test_areas.ts';
import { longParts, STATIC_CHECKS, type TestPart, vitestPart } from './test_parts.ts';
import { describeFailure, readTally, type TestTally } from './test_tally.ts';

/** Programs that the tests call, each with Debian's package. */
const NEEDED = {
  nginx: 'nginx',
  'redis-server': 'redis-server',
  curl: 'curl',
  openssl: 'openssl',
  'update-ca-certificates': 'ca-certificates',
  certutil: 'libnss3-tools',
};

/** The area that needs no program but Node.js: unit tests, and what needs no test. */
const CHECK = 'check';

/** Writes what failed, for `readTally`. */
const REPORTER = './test/support/failures_reporter.ts';

/** Of a part that is not vitest's: what it said last is all that there is to say about its failure. */
const LAST_LINES = 3;

/** Runs parts of the tests, keeps their reports in `folder` and adds them up. */
class TestRun {
  readonly #environment: Environment;
  readonly #folder: string;
  readonly #tallies: { title: string; tally: TestTally }[] = [];
  readonly #times: string[] = [];

  constructor(environment: Environment, folder: string) {
    this.#environment = environment;
    this.#folder = folder;
  }

  /** Shows what the part says as it comes; a quiet one says it only when it fails. */
  async run(part: TestPart, { isQuiet = false } = {}): Promise<void> {
    if (!isQuiet) say(part.title);
    const report = path.join(this.#folder, `${this.#tallies.length}.json`);
    const reporters = part.isVitest ? ['--reporter=default', `--reporter=${REPORTER}`, `--outputFile=${report}`] : [];
    const { root, all, searchPath } = this.#environment;
    const began = performance.now();
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = spawn(part.command ?? process.execPath, [...part.args, ...reporters], {
        cwd: root,
        // Vitest draws on a terminal.
        stdio: part.isVitest ? 'inherit' : ['ignore', 'pipe', 'pipe'],
        env: { ...all, PATH: searchPath, ...part.env },
      });
      const pieces: Buffer[] = [];
      for (const [stream, shown] of [
        [child.stdout, process.stdout],
        [child.stderr, process.stderr],
      ] as const) {
        stream?.on('data', (piece: Buffer) => {
          pieces.push(piece);
          if (!isQuiet) shown.write(piece);
        });
      }
      const end = (code: number) => resolve({ code, output: Buffer.concat(pieces).toString() });
      child.once('error', () => end(127));
      child.once('close', (code) => end(code ?? 1));
    });
    const tally = part.isVitest ? readTally(report, code) : tallyOf(code, output);
    this.#tallies.push({ title: part.title, tally });
    this.#times.push(`${part.title}: ${Math.round((performance.now() - began) / 1000)} s`);
    if (isQuiet && code !== 0) say(`${part.title}:\n${output}`);
  }

  /** How long each part took. */
  sayTimes(): void {
    for (const line of this.#times) say(line);
  }

  /** Each failure, behind the part that it is from. */
  sayFailures(): void {
    for (const { title, tally } of this.#tallies) {
      for (const failure of tally.failures) say(`failed: ${title}: ${describeFailure(failure)}`);
    }
  }

  sum(): { passed: number; failed: number } {
    const add = (count: (tally: TestTally) => number) =>
      this.#tallies.reduce((sum, each) => sum + count(each.tally), 0);
    return { passed: add(({ passed }) => passed), failed: add(({ failures }) => failures.length) };
  }
}

/** A part that is not vitest's counts as one test. */
function tallyOf(code: number, output: string): TestTally {
  if (code === 0) return { passed: 1, failures: [] };
  const last = output
    .trimEnd()
    .split('\n')
    .slice(-LAST_LINES)
    .map((line) => line.trim())
    .join(' | ');
  return { passed: 0, failures: [{ message: last || `exit code ${code}` }] };
}

/** Chromium without windows, which takes half the CPU; all of Chromium where the system has no such package. */
async function installBrowser(environment: Environment): Promise<void> {
  const isThere = (program: string) => findCommand(program, environment.searchPath) !== undefined;
  if (isThere('chromium-headless-shell')) return;
  await installPackages(['chromium-headless-shell'], environment, say).catch(async (error: Error) => {
    say(error.message);
    if (!isThere('chromium')) await installPackages(['chromium'], environment, say);
  });
}

async function installPrograms(environment: Environment): Promise<void> {
  const missing = Object.entries(NEEDED).flatMap(([program, name]) => {
    return findCommand(program, environment.searchPath) ? [] : [name];
  });
  if (missing.length > 0) await installPackages(missing, environment, say);
  await installBrowser(environment);
}

/** Format, lint, types and unused code on one core, unit tests on the other. */
async function runCheck(run: TestRun): Promise<void> {
  const beside = (async () => {
    for (const part of STATIC_CHECKS) await run.run(part, { isQuiet: true });
  })();
  await run.run(vitestPart('unit tests; format, lint, types and unused code', ['unit']));
  await beside;
}

async function runAll(run: TestRun, environment: Environment): Promise<void> {
  await installPrograms(environment);
  await runCheck(run);
  await run.run(vitestPart('tests with NGINX, Redis, instances and Chromium', PROJECTS.slice(1)));
}

async function runLong(run: TestRun, environment: Environment): Promise<void> {
  await installPrograms(environment);
  for (const part of longParts(listTestFiles(environment.root))) await run.run(part);
}

async function runAreas(run: TestRun, areas: readonly string[], environment: Environment): Promise<void> {
  const all = listTestFiles(environment.root);
  const chosen = areas.filter((area) => area !== CHECK).map((area) => ({ area, files: filesOf(area, all) }));
  const unknown = chosen.find(({ files }) => files.length === 0);
  if (unknown) {
    const names = [CHECK, ...testAreas(all)].join(', ');
    throw new UsageError(
      `no test has "${unknown.area}" in its name`,
      `name one of these, or part of a file's name: ${names}`,
    );
  }
  const files = [...new Set(chosen.flatMap((each) => each.files))];
  if (files.some((file) => /^test\/(real|browser|alone)\//.test(file))) await installPrograms(environment);
  if (areas.includes(CHECK)) await runCheck(run);
  if (files.length > 0) await run.run(vitestPart(`${files.length} files of tests`, [], files));
}

/** What of the tests is to run: everything but the long forms, where nothing is said. */
export interface TestChoice {
  areas: readonly string[];
  /** The long forms, and nothing else. */
  isLong: boolean;
}

function runChoice(run: TestRun, { areas, isLong }: TestChoice, environment: Environment): Promise<void> {
  if (!isLong) return areas.length > 0 ? runAreas(run, areas, environment) : runAll(run, environment);
  if (areas.length > 0) throw new UsageError('the long forms have no areas', 'leave the names out, or --long');
  return runLong(run, environment);
}

/**
 * `test`: all checks and tests, those of some areas, or the long forms. What they need is installed first.
 *
 * @returns the exit code. The last line says how many tests passed and failed.
 */
export async function testCommand(choice: TestChoice, environment: Environment): Promise<number> {
  mkdirSync(tmpdir(), { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-test-'));
  const endWatch = watchMachine();
  try {
    const run = new TestRun(environment, folder);
    await runChoice(run, choice, environment);
    const machine = endWatch();
    run.sayTimes();
    const { passed, failed } = run.sum();
    run.sayFailures();
    if (failed > 0) say(`${machine.isStarved ? 'this machine was starved' : 'this machine'}: ${machine.sentence}`);
    print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    endWatch();
    rmSync(folder, { recursive: true, force: true });
  }
}
