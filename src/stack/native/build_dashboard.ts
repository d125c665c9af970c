import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { lastLine, runCommand } from '../machine/run_command.ts';

/** The page's own files, and those of the layers that it is built from. */
const SOURCES = [
  'performance_dashboard/{index.html,package.json,vite.config.ts}',
  'performance_dashboard/{src,public}/**/*',
  'src/{formats,config,load}/**/*.ts',
  'packages/client/src/**/*',
];

function fingerprint(root: string, apiBaseUrl: string | undefined): string {
  const hash = createHash('sha256').update(apiBaseUrl ?? '');
  for (const entry of globSync(SOURCES, { cwd: root, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => path.join(found.parentPath, found.name))
    .sort()) {
    hash.update(entry).update(readFileSync(entry));
  }
  return hash.digest('hex');
}

const stampFile = (root: string) => path.join(root, 'performance_dashboard/dist/.sources');

function readStamp(root: string): { sources?: string | undefined; apiBaseUrl?: string | undefined } {
  if (!existsSync(stampFile(root))) return {};
  const [sources, apiBaseUrl] = readFileSync(stampFile(root), 'utf8').split('\n');
  return { sources, apiBaseUrl: apiBaseUrl || undefined };
}

/** The API's address that is fixed in the present build; undefined where the page asks its server. */
export function builtApiBaseUrl(root: string): string | undefined {
  return readStamp(root).apiBaseUrl;
}

/**
 * Builds the dashboard when its sources, or the address fixed in it, have changed. Returns a sentence about the result, if
 * anything was done.
 */
export async function buildDashboard(root: string, apiBaseUrl: string | undefined): Promise<string | undefined> {
  const folder = path.join(root, 'performance_dashboard');
  if (!existsSync(path.join(folder, 'index.html'))) return 'there is no dashboard to build';
  const wanted = fingerprint(root, apiBaseUrl);
  if (readStamp(root).sources === wanted) return undefined;
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  // NODE_ENV of the caller could make it a development build: twice as large, and slower.
  const build = ['NODE_ENV=production', process.execPath, vite, 'build', '--logLevel', 'warn'];
  const { code, output } = await runCommand('env', build, { cwd: folder });
  // The start continues: the API works without the page, and the console says that it was not built.
  if (code !== 0) {
    const reason = output.split('\n').find((line) => /error/i.test(line)) ?? lastLine(output);
    return `it could not be built (${stripVTControlCharacters(reason).trim()}); run "npx vite build" in ${folder} to see why`;
  }
  writeFileSync(stampFile(root), `${wanted}\n${apiBaseUrl ?? ''}`);
  return 'built';
}
