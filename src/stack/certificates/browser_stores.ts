import { existsSync, globSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { installPackages } from '../machine/install_packages.ts';
import { findCommand, lastLine, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';
import type { Authority, TrustAccess, TrustStore } from './trust_store.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'brave'];
const CHROMIUM_FOLDERS = ['.pki/nssdb', 'snap/chromium/current/.pki/nssdb', '.local/share/pki/nssdb'];
/** A profile is a folder with this file in it. */
const FIREFOX_DATABASES = [
  '.mozilla/firefox/*/cert9.db',
  'snap/firefox/common/.mozilla/firefox/*/cert9.db',
  '.var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db',
  'Library/Application Support/Firefox/Profiles/*/cert9.db',
];
/** Trusted for servers only, not for mail or programs. */
const TRUST = 'C,,';

async function certutil(access: TrustAccess): Promise<string> {
  const find = () => findCommand('certutil', access.searchPath);
  if (find()) return find()!;
  if (process.platform === 'darwin') {
    throw new StackError('certutil is missing', 'install it with "brew install nss", then run this again');
  }
  await installPackages(['libnss3-tools'], access, () => undefined);
  return find() ?? 'certutil';
}

/** Flags of trust by nickname, from the table of `certutil -L`. */
function trusted(table: string, { name }: Authority): boolean {
  const line = table.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return /\sC[A-Za-z]*,[A-Za-z]*,[A-Za-z]*\s*$/.test(line ?? '');
}

/** Whether NSS keeps its certificates in `folder`. */
export function hasDatabase(folder: string): boolean {
  return existsSync(path.join(folder, 'cert9.db'));
}

/** An NSS database; `certutil` is installed when it is needed and missing. */
export function nssStore(readers: string, folder: string, access: TrustAccess): TrustStore {
  const database = ['-d', `sql:${folder}`];
  const change = async (args: string[]) => {
    const { code, output } = await runCommand(await certutil(access), args);
    if (code === 0) return;
    throw new StackError(
      `${readers}'s database could not be changed (${lastLine(output)})`,
      `run certutil ${args.join(' ')}`,
    );
  };
  return {
    readers,
    place: folder,
    has: async (authority) => {
      if (!hasDatabase(folder)) return false;
      const program = findCommand('certutil', access.searchPath);
      if (!program) return undefined;
      return trusted((await runCommand(program, ['-L', ...database])).output, authority);
    },
    add: async ({ name }, file) => {
      if (!hasDatabase(folder)) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        await change(['-N', ...database, '--empty-password']);
      }
      await change(['-A', ...database, '-t', TRUST, '-n', name, '-i', file]);
    },
    remove: ({ name }) => change(['-D', ...database, '-n', name]),
  };
}

/**
 * The databases of browsers that do not use the system's store: Chromium's (also before its first start) and one for each
 * profile of Firefox.
 */
export function browserStores(access: TrustAccess): TrustStore[] {
  const { home, searchPath } = access;
  if (home === undefined) return [];
  const folders = CHROMIUM_FOLDERS.map((folder) => path.join(home, folder)).filter((folder) => existsSync(folder));
  const isInstalled = process.platform === 'linux' && CHROMIUM.some((name) => findCommand(name, searchPath));
  if (folders.length === 0 && isInstalled) folders.push(path.join(home, CHROMIUM_FOLDERS[0]!));
  const profiles = globSync(FIREFOX_DATABASES, { cwd: home }).map((file) => path.join(home, path.dirname(file)));
  return [
    ...folders.map((folder) => nssStore('Chromium', folder, access)),
    ...profiles.map((folder) => nssStore('Firefox', folder, access)),
  ];
}
