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
import { longParts, readTally, STATIC_CHECKS, type TestPart, type TestTally, vitestPart } from './test_parts.ts';

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

/** Runs parts of the tests, keeps their reports in `folder` and adds them up. */
class TestRun {
  readonly #environment: Environment;
  readonly #folder: string;
  readonly #tallies: TestTally[] = [];
  readonly #failed: string[] = [];
  readonly #times: string[] = [];

  constructor(environment: Environment, folder: string) {
    this.#environment = environment;
    this.#folder = folder;
  }

  /** Shows what the part says as it comes; a quiet one says it only when it fails. */
  async run(part: TestPart, { isQuiet = false } = {}): Promise<void> {
    if (!isQuiet) say(part.title);
    const report = path.join(this.#folder, `${this.#tallies.length}-${part.title.replaceAll(/\W+/g, '-')}.json`);
    const reporters = part.isVitest ? ['--reporter=default', '--reporter=json', `--outputFile=${report}`] : [];
    const { root, all, searchPath } = this.#environment;
    const began = performance.now();
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = spawn(part.command ?? process.execPath, [...part.args, ...reporters], {
        cwd: root,
        stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
        env: { ...all, PATH: searchPath, ...part.env },
      });
      const pieces: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => pieces.push(piece));
      const end = (code: number) => resolve({ code, output: Buffer.concat(pieces).toString() });
      child.once('error', () => end(127));
      child.once('close', (code) => end(code ?? 1));
    });
    const tally = part.isVitest ? readTally(report, code) : { passed: Number(code === 0), failed: Number(code !== 0) };
    this.#tallies.push(tally);
    this.#times.push(`${part.title}: ${Math.round((performance.now() - began) / 1000)} s`);
    if (tally.failed === 0) return;
    this.#failed.push(part.title);
    if (isQuiet) say(`${part.title}:\n${output}`);
  }

  /** How long each part took. */
  sayTimes(): void {
    for (const line of this.#times) say(line);
  }

  /** The parts that failed. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  sum(): TestTally {
    const add = (of: keyof TestTally) => this.#tallies.reduce((sum, tally) => sum + tally[of], 0);
    return { passed: add('passed'), failed: add('failed') };
  }
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
    if (failed > 0) say(`failed: ${run.failed.join('; ')}`);
    if (failed > 0) say(`${machine.isStarved ? 'this machine was starved' : 'this machine'}: ${machine.sentence}`);
    print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    endWatch();
    rmSync(folder, { recursive: true, force: true });
  }
}
