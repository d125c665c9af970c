import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findCommand } from '../stack/machine/find_command.ts';
import { installPackages } from '../stack/machine/install_packages.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { readTally, type TestTally } from './test_tally.ts';

/** Programs that the tests call, each with Debian's package. */
const NEEDED = {
  nginx: 'nginx',
  'redis-server': 'redis-server',
  chromium: 'chromium',
  curl: 'curl',
  openssl: 'openssl',
  'update-ca-certificates': 'ca-certificates',
  certutil: 'libnss3-tools',
};

/** So many files may fail by accident; more are no accident. */
const MAX_SECOND_TRIES = 3;

function run(command: string, args: string[], environment: Environment): Promise<number> {
  return new Promise((resolve) => {
    const env = { ...environment.all, PATH: environment.searchPath };
    const child = spawn(command, args, { cwd: environment.root, stdio: 'inherit', env });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const reporters = (file: string) => ['--reporter=default', '--reporter=json', `--outputFile=${file}`];

/**
 * Runs the tests with real parts. On CI, where another guest of the machine can starve a stack for longer than a test
 * waits, a few files that failed are tried once more by themselves, with new stacks, and said by name. What fails again
 * has failed.
 */
async function realTests(environment: Environment, folder: string): Promise<TestTally> {
  const vitest = path.join(environment.root, 'node_modules/vitest/vitest.mjs');
  const projects = ['real', 'browser', 'alone'].flatMap((name) => ['--project', name]);
  const runTests = async (report: string, files: readonly string[]) =>
    run(process.execPath, [vitest, 'run', ...projects, ...reporters(path.join(folder, report)), ...files], environment);
  const code = await runTests('real.json', []);
  const first = readTally(path.join(folder, 'real.json'), code);
  const files = first.failedFiles;
  if (!environment.all.CI || files.length === 0 || files.length > MAX_SECOND_TRIES) return first;
  say(`failed, and tried once more by themselves: ${files.map((file) => path.basename(file)).join(', ')}`);
  const again = readTally(path.join(folder, 'again.json'), await runTests('again.json', files));
  const others = readTally(path.join(folder, 'real.json'), 0, files);
  return { ...again, passed: others.passed + again.passed };
}

/** `test`: installs what the tests need, runs the gate of contributors and then the parts that need real servers. */
export async function testCommand(environment: Environment): Promise<number> {
  const missing = Object.entries(NEEDED).flatMap(([program, name]) => {
    return findCommand(program, environment.searchPath) ? [] : [name];
  });
  if (missing.length > 0) await installPackages(missing, environment, say);
  mkdirSync(tmpdir(), { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-test-'));
  try {
    say('npm run check: format, lint, types, architecture, unit tests');
    // The second -- is for the script that npm run check ends with.
    const check = await run(
      'npm',
      ['run', 'check', '--', '--', ...reporters(path.join(folder, 'check.json'))],
      environment,
    );
    say('tests with NGINX, Redis, instances and Chromium');
    const parts = [readTally(path.join(folder, 'check.json'), check), await realTests(environment, folder)];
    const passed = parts.reduce((sum, part) => sum + part.passed, 0);
    const failed = parts.reduce((sum, part) => sum + part.failed, 0);
    print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
