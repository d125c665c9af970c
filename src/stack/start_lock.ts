import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StackError } from './stack_error.ts';
import { isAlive } from './supervisor/process_identity.ts';

/** Lets one command at a time change the stack in `state`; see {@link takeLock}. */
export function takeStartLock(state: string): () => void {
  return takeLock(path.join(state, 'start.lock'), 'the stack');
}

/**
 * Lets one command at a time change something; returns the way to let go.
 *
 * Throws a {@link StackError} while another command holds it. A lock whose owner died counts for nothing.
 * @param what is changed, for the sentence
 */
export function takeLock(file: string, what: string): () => void {
  mkdirSync(path.dirname(file), { recursive: true });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(readFileSync(file, 'utf8'));
      if (owner > 0 && isAlive(owner)) {
        throw new StackError(`another command (pid ${owner}) is changing ${what}`, 'wait for its end');
      }
      rmSync(file, { force: true });
    }
  }
  throw new StackError(`other commands are changing ${what}`, 'try again');
}
