import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StandIn } from './fake_docker.ts';

/** See `FakeDocker`; its folder is the first argument, what follows is the command line of `docker`. */
const [folder = '', ...given] = process.argv.slice(2);
const at = (name: string) => path.join(folder, name);
const said = (name: string, otherwise: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : otherwise);

function compose([command = '', ...args]: string[]): number {
  const standIns = JSON.parse(said('stand_ins', '{}')) as Record<string, StandIn>;
  if (command === 'version') return print(said('version', '2.40.0'));
  if (command === 'ps') return print(said('containers', ''));
  if (command === 'exec') {
    const [, name = '', , ...rest] = args;
    const standIn = standIns[name];
    if (!standIn) return print(`service "${name}" is not running`, 1);
    return spawnSync(process.execPath, rest, { env: standIn.env, stdio: 'inherit' }).status ?? 1;
  }
  appendFileSync(at('calls'), `${JSON.stringify({ args: [command, ...args] })}\n`);
  if (command === 'up') {
    appendFileSync(at('environment'), `${JSON.stringify(process.env)}\n`);
    if (existsSync(at('up'))) return print(said('up', ''), 1);
    const names = ['redis', 'usage', 'app-1', 'app-2', 'app-3', 'console', 'nginx'];
    const rows = names.map((name) => JSON.stringify({ Service: name, State: 'running', Health: 'healthy' }));
    writeFileSync(at('containers'), rows.join('\n'));
  }
  if (command === 'down') rmSync(at('containers'), { force: true });
  if (command === 'kill') {
    const [, signal, ...names] = args;
    for (const name of names) process.kill((standIns[name] as StandIn).pid, signal as NodeJS.Signals);
  }
  if (command === 'logs') return print('app-1  | a line');
  return 0;
}

function print(text: string, code = 0): number {
  console.log(text);
  return code;
}

// Options of compose itself stand before its command.
const rest = given.slice(given[1] === '--profile' ? 3 : 1);
process.exitCode = given[0] === 'compose' ? compose(rest) : print(said('info', 'Server Version: 28.0.0'));
