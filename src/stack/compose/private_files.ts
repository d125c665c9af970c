import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StackError } from '../stack_error.ts';
import type { Account } from './container_user.ts';

function give(file: string, { uid, gid }: Account): void {
  const found = statSync(file);
  if (found.uid !== uid || found.gid !== gid) chownSync(file, uid, gid);
}

/** Makes a folder that `owner` alone can enter, or makes one that is there like that. @throws StackError */
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
  // Its mode is set when it is made: an older one would keep its own.
  rmSync(draft, { force: true });
  writeFileSync(draft, content, { mode: 0o600 });
  give(draft, statSync(path.dirname(file)));
  renameSync(draft, file);
}
