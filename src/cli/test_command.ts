import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readJsonFile } from '../stack/json_file.ts';
import { findCommand } from '../stack/machine/find_command.ts';
import { installPackages } from '../stack/machine/install_packages.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';

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

interface Tally {
  passed: number;
  failed: number;
}

function run(command: string, args: string[], environment: Environment): Promise<number> {
  return new Promise((resolve) => {
    const env = { ...environment.all, PATH: environment.searchPath };
    const child = spawn(command, args, { cwd: environment.root, stdio: 'inherit', env });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Adds up what vitest wrote; a program that failed without a failed test to show for it counts as one. */
function tally(file: string, code: number): Tally {
  const report = readJsonFile(file) as { numPassedTests?: number; numFailedTests?: number } | undefined;
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** `test`: installs what the tests need, runs the gate of contributors and then the parts that need real servers. */
export async function testCommand(environment: Environment): Promise<number> {
  const missing = Object.entries(NEEDED).flatMap(([program, name]) => {
    return findCommand(program, environment.searchPath) ? [] : [name];
  });
  if (missing.length > 0) await installPackages(missing, environment, say);
  mkdirSync(tmpdir(), { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-test-'));
  const reports = (name: string) => [
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${path.join(folder, name)}`,
  ];
  try {
    say('npm run check: format, lint, types, architecture, unit tests');
    // The second -- is for the script that npm run check ends with.
    const check = await run('npm', ['run', 'check', '--', '--', ...reports('check.json')], environment);
    say('tests with NGINX, Redis, instances and Chromium');
    const vitest = path.join(environment.root, 'node_modules/vitest/vitest.mjs');
    const projects = ['--project', 'real', '--project', 'browser'];
    const real = await run(process.execPath, [vitest, 'run', ...projects, ...reports('real.json')], environment);
    const parts = [tally(path.join(folder, 'check.json'), check), tally(path.join(folder, 'real.json'), real)];
    const passed = parts.reduce((sum, part) => sum + part.passed, 0);
    const failed = parts.reduce((sum, part) => sum + part.failed, 0);
    print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
