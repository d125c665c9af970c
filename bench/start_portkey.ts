import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StartedProcess, startProcess } from './start_process.ts';

const VERSION = '1.15.2';
/** With newer ones of these every one of its streams is answered with 500. */
const HELD = { '@hono/node-server': '1.13.8', hono: '4.9.7' };

export const PORTKEY = `Portkey ${VERSION} (TypeScript, Hono), TCP`;

/** The peer in the same language, installed into a folder of the benchmark's: it is no dependency of this project. */
export async function startPortkey(directory: string, port: number): Promise<StartedProcess> {
  const folder = join(directory, 'portkey');
  mkdirSync(folder);
  const dependencies = { '@portkey-ai/gateway': VERSION, ...HELD };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides: HELD }));
  const args = ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', '--loglevel=error'];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const file = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  return startProcess(process.execPath, [file, `--port=${port}`, '--headless'], { port });
}

/** What has it pass requests on to a server of our own. */
export function portkeyHeaders(baseUrl: string): Record<string, string> {
  return { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': baseUrl, authorization: 'Bearer bench' };
}
