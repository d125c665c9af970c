import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { StackError } from '../stack_error.ts';

/** An account, by its numbers. */
export interface Account {
  uid: number;
  gid: number;
}

/** `node` in the images. */
const IMAGE_USER: Account = { uid: 1000, gid: 1000 };

/** The account inside the containers that reads what `./weir` writes, and the owner of those files on this machine. */
export interface ContainerUser {
  inside: Account;
  outside: Account;
}

/**
 * The account that runs `./weir`, so that no other account needs to read its files. If that is root: the images' own
 * account, which has no rights. In a rootless engine, root inside is the account that runs the engine.
 */
export function containerUser(self: Account, isRootless: boolean): ContainerUser {
  if (isRootless) return { inside: { uid: 0, gid: 0 }, outside: self };
  if (self.uid === 0) return { inside: IMAGE_USER, outside: IMAGE_USER };
  return { inside: self, outside: self };
}

function give(file: string, { uid, gid }: Account): void {
  const found = statSync(file);
  if (found.uid !== uid || found.gid !== gid) chownSync(file, uid, gid);
}

/** Makes a folder that only `owner` can enter, or changes an existing one. @throws StackError */
export function makePrivateFolder(folder: string, owner: Account): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    give(folder, owner);
    chmodSync(folder, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StackError(`${folder} can not be given to the containers (${code})`, 'remove it, then try again');
  }
}

/** Writes a file that the owner of its folder alone can read; a reader finds the old content or the new one. */
export function writePrivateFile(file: string, content: string | Buffer): void {
  const draft = `${file}.new`;
  // The mode is set on creation only: an existing file would keep its own.
  rmSync(draft, { force: true });
  writeFileSync(draft, content, { mode: 0o600 });
  give(draft, statSync(path.dirname(file)));
  renameSync(draft, file);
}

/**
 * Makes a secret in a file, if there is none yet. Every account that can see the folder can read it: in Compose that is a
 * volume of the containers that need the secret, which may run under several accounts.
 */
export function keepSecret(file: string): void {
  if (existsSync(file)) return;
  const draft = `${file}.new`;
  writeFileSync(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o644 });
  renameSync(draft, file);
}

/** What {@link keepSecret} has made there; empty before that. */
export function keptSecret(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
