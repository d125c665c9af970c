import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand } from '../../src/stack/machine/run_command.ts';
import { until } from '../support/until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** What ./weir is in: a project with one package of its own, whose program says how it was started. */
const PROGRAM = `
import { getCompileCacheDir } from 'node:module';
console.log(JSON.stringify({ version: process.version, args: process.argv.slice(2), cache: getCompileCacheDir() }));
`;

let folder: string;
let project: string;
const file = (...names: string[]) => path.join(folder, ...names);

function write(name: string, text: string, mode = 0o644): void {
  mkdirSync(path.dirname(file(name)), { recursive: true });
  writeFileSync(file(name), text, { mode });
}
const writeJson = (name: string, value: unknown) => write(name, JSON.stringify(value));

/** A machine with an old Node.js, whose npm has settings; and a project that says which settings installed it. */
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-launcher-'));
  project = file('project');
  const npm = findCommand('npm', process.env.PATH ?? '');
  write(
    'bin/node',
    `#!/bin/sh\ncase "$1" in -p) echo 20 ;; -v) echo v20.0.0 ;; *) exec "${process.execPath}" "$@" ;; esac\n`,
    0o755,
  );
  write(
    'bin/npm',
    `#!/bin/sh\nNPM_CONFIG_PREFIX="${file('machine')}" exec "${process.execPath}" "$(readlink -f "${npm}")" "$@"\n`,
    0o755,
  );
  write('machine/etc/npmrc', 'fund=false\n');

  const record = "require('node:fs').writeFileSync('installed_by', process.env.npm_config_globalconfig ?? '')";
  const scripts = { postinstall: `"${process.execPath}" -e "${record}"` };
  const one = { name: 'p', version: '1.0.0', dependencies: { one: 'file:one' } };
  writeJson('project/package.json', { ...one, type: 'module', scripts });
  writeJson('project/one/package.json', { name: 'one', version: '1.0.0' });
  const packages = { '': one, 'node_modules/one': { resolved: 'one', link: true }, one: { version: '1.0.0' } };
  writeJson('project/package-lock.json', { name: 'p', version: '1.0.0', lockfileVersion: 3, packages });
  write('project/src/cli/main.ts', PROGRAM);
  copyFileSync(path.join(ROOT, 'weir'), file('project/weir'));

  // A runtime from a folder instead of the registry: this Node.js, and the npm that it has.
  mkdirSync(file('node-here/bin'), { recursive: true });
  symlinkSync(process.execPath, file('node-here/bin/node'));
  symlinkSync(npm as string, file('node-here/bin/npm'));
  writeJson('node-here/package.json', { name: 'node-here', version: '1.0.0' });
  const dependencies = { 'node-here': `file:${file('node-here')}` };
  writeJson('project/runtime/package.json', { name: 'r', version: '1.0.0', dependencies });
  writeJson('project/runtime/package-lock.json', {
    name: 'r',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'r', version: '1.0.0', dependencies },
      'node_modules/node-here': { resolved: file('node-here'), link: true },
      [path.relative(file('project/.weir/runtime'), file('node-here'))]: { name: 'node-here', version: '1.0.0' },
    },
  });
  write('project/runtime/.npmrc', '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs ./weir on a machine that has only the old Node.js and the system's tools. */
function weir(...args: string[]) {
  const env = { PATH: `${file('bin')}:/usr/bin:/bin`, HOME: folder };
  const child = spawn(file('project/weir'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    said.stdout += data;
  });
  child.stderr.on('data', (data) => {
    said.stderr += data;
  });
  return { said, code: once(child, 'close').then(([code]) => code as number) };
}

describe('./weir on a machine with an old Node.js', () => {
  it('fetches another one and the packages, says so, and installs with the settings of the machine\u2019s own npm', async () => {
    for (const made of ['.weir', 'node_modules']) rmSync(path.join(project, made), { recursive: true, force: true });
    const { said, code } = weir('status', '--json');
    expect([await code, said.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^weir: installing Node\.js 26 .*v20\.0\.0\)\n(weir: still .*\n)*weir: installing packages/,
      ),
    ]);
    expect(JSON.parse(said.stdout)).toMatchObject({ version: process.version, args: ['status', '--json'] });
    expect(readFileSync(path.join(project, 'installed_by'), 'utf8')).toBe(file('machine/etc/npmrc'));
    expect(readdirSync(path.join(project, '.weir'))).not.toContain('installing');
  });

  it('installs nothing a second time, and keeps what Node.js compiled', async () => {
    const { said, code } = weir('stop');
    expect([await code, said.stderr]).toEqual([0, '']);
    expect(JSON.parse(said.stdout).cache).toMatch(new RegExp(`^${path.join(project, '.weir/code')}/`));
    expect(existsSync(path.join(project, '.weir/code'))).toBe(true);
  });

  it('installs packages again when the lock has changed, after another process that installs now', async () => {
    const lock = file('project/.weir/installing');
    symlinkSync(`${process.pid}`, lock);
    rmSync(path.join(project, 'installed_by'), { force: true });
    changeLock();
    const { said, code } = weir('status');
    await until(
      'it waits',
      () => said.stderr === `weir: waiting until another ./weir (pid ${process.pid}) has finished installing\n`,
    );
    expect(existsSync(path.join(project, 'installed_by'))).toBe(false);
    // As one leaves it that was killed: there is no such process.
    symlinkSync('999999999', `${lock}.dead`);
    renameSync(`${lock}.dead`, lock);
    expect([await code, said.stderr]).toEqual([
      0,
      expect.stringMatching(/installing packages \(npm ci\)\n(weir: still .*\n)*$/),
    ]);
    expect(existsSync(path.join(project, 'installed_by'))).toBe(true);
  });

  it('started many times at once beside what a dead one left installs once', async () => {
    symlinkSync('999999999', file('project/.weir/installing'));
    changeLock();
    const started = Array.from({ length: 6 }, () => weir('status'));
    expect(await Promise.all(started.map(({ code }) => code))).toEqual(started.map(() => 0));
    const installs = started.flatMap(({ said }) => said.stderr.match(/installing packages/g) ?? []);
    expect(installs).toEqual(['installing packages']);
    expect(readdirSync(file('project/.weir')).filter((name) => name.startsWith('installing'))).toEqual([]);
  });
});

/** So that what was installed counts no longer. */
function changeLock(): void {
  const packages = file('project/package-lock.json');
  writeFileSync(packages, `${readFileSync(packages, 'utf8')}\n`);
}

describe('node infrastructure/manage.ts, the guide\u2019s name', () => {
  /** As Node.js of another version: what it says of itself, and whether it knows TypeScript. */
  async function manage(version: string, ...flags: string[]) {
    mkdirSync(file('guide/src/cli'), { recursive: true });
    write('guide/package.json', '{ "type": "module" }');
    write('guide/src/cli/main.ts', "console.log('main', ...process.argv.slice(2));");
    write('guide/weir', '#!/bin/sh\necho "weir $*"\nexit 7\n', 0o755);
    mkdirSync(file('guide/infrastructure'), { recursive: true });
    for (const name of ['manage.ts', 'package.json']) {
      copyFileSync(path.join(ROOT, 'infrastructure', name), file('guide/infrastructure', name));
    }
    write('guide/version.cjs', `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    const args = [...flags, '-r', file('guide/version.cjs'), 'infrastructure/manage.ts', 'start', '--all'];
    const child = spawn(process.execPath, args, { cwd: file('guide'), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        said += data;
      });
    }
    const [code] = await once(child, 'close');
    return { said, code };
  }

  it('is the program itself with a Node.js that is new enough', async () => {
    expect(await manage(process.versions.node)).toEqual({ said: 'main start --all\n', code: 0 });
  });

  it.each([
    ['that loads no TypeScript', '20.20.2', ['--no-strip-types']],
    ['that is old', '22.23.3', []],
  ])('is ./weir, which fetches a newer one, with a Node.js %s', async (_, version, flags) => {
    expect(await manage(version, ...flags)).toEqual({ said: 'weir start --all\n', code: 7 });
  });
});
