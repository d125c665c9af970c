import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findCommand, lastLine, rootPrefix, runCommand } from '../machine/run_command.ts';
import { StackError } from '../stack_error.ts';
import type { Authority, TrustAccess, TrustStore } from './trust_store.ts';

const DEBIAN_FOLDER = '/usr/local/share/ca-certificates';
/** Where Debian's script puts a link to each file that it found. */
const DEBIAN_RESULT = '/etc/ssl/certs';
/**
 * Without --fresh the script keeps the links to a file that is gone. With it, all links are missing for a second, and
 * programs that start then trust no certificate.
 */
const REMOVE = 'rm -f "$2" "$3/$4" && find "$3" -maxdepth 1 -lname "$4" -delete && "$1"';
const KEYCHAIN = '/Library/Keychains/System.keychain';

/** Runs a program as root, or throws the command to run by hand. */
async function asRoot(access: TrustAccess, command: string[], byHand: string): Promise<void> {
  const prefix = await rootPrefix(access);
  if (!prefix) throw new StackError('changing the system store needs root', `run "${byHand}"`);
  const [program, ...args] = [...prefix, ...command];
  const { code, output } = await runCommand(program!, args);
  if (code !== 0)
    throw new StackError(`the system store could not be changed (${lastLine(output)})`, `run "${byHand}"`);
}

function holds(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

function debianStore(access: TrustAccess, update: string): TrustStore {
  const fileOf = ({ id }: Authority) => path.join(DEBIAN_FOLDER, `weir-${id}.crt`);
  const script = (lines: string, ...args: string[]) => ['sh', '-c', lines, 'weir', update, ...args];
  return {
    readers: 'system',
    place: DEBIAN_FOLDER,
    has: async (authority) =>
      holds(fileOf(authority), authority.pem) && existsSync(path.join(DEBIAN_RESULT, `weir-${authority.id}.pem`)),
    add: (authority, file) => {
      const kept = fileOf(authority);
      const byHand = `sudo install -D -m 644 ${file} ${kept} && sudo update-ca-certificates`;
      return asRoot(access, script('install -D -m 644 "$2" "$3" && "$1"', file, kept), byHand);
    },
    remove: (authority) => {
      const kept = fileOf(authority);
      const link = `weir-${authority.id}.pem`;
      const byHand = `sudo rm ${kept} && sudo update-ca-certificates --fresh`;
      return asRoot(access, script(REMOVE, kept, DEBIAN_RESULT, link), byHand);
    },
  };
}

function macStore(access: TrustAccess, security: string): TrustStore {
  return {
    readers: 'system',
    place: KEYCHAIN,
    has: async ({ name }) => (await runCommand(security, ['find-certificate', '-c', name, KEYCHAIN])).code === 0,
    add: (_authority, file) => {
      const args = ['add-trusted-cert', '-d', '-r', 'trustRoot', '-k', KEYCHAIN, file];
      return asRoot(access, [security, ...args], `sudo security ${args.join(' ')}`);
    },
    remove: ({ name }) => {
      const args = ['delete-certificate', '-t', '-c', name, KEYCHAIN];
      return asRoot(access, [security, ...args], `sudo security delete-certificate -t -c '${name}' ${KEYCHAIN}`);
    },
  };
}

/** The machine's own store, which curl and most programs read; undefined on systems that Weir does not know. */
export function systemStore(access: TrustAccess): TrustStore | undefined {
  const update = findCommand('update-ca-certificates', access.searchPath);
  if (update) return debianStore(access, update);
  const security = process.platform === 'darwin' ? findCommand('security', access.searchPath) : undefined;
  return security === undefined ? undefined : macStore(access, security);
}
