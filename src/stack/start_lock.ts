import { mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { StackError } from './stack_error.ts';
import { isSameProcess, startTime } from './supervisor/process_identity.ts';

const LOOK_MS = 20;
/** To clear a lock away takes no time: whoever is at it for so long has died. */
const CLEARING_MS = 10_000;

/** Lets one command at a time change the stack in `state`; see {@link takeLock}. */
export function takeStartLock(state: string): () => void {
  return takeLock(path.join(state, 'start.lock'), 'the stack');
}

/**
 * Lets one command at a time change something; returns the way to let go.
 *
 * The lock is a symbolic link to nowhere whose text is its owner: so it is there with its owner or not at all. A lock
 * whose owner died counts for nothing.
 * @param what is changed, for the sentence
 * @param waitMs for the end of another command
 * @throws StackError where another command holds it for longer
 */
export function takeLock(file: string, what: string, waitMs = 0): () => void {
  mkdirSync(path.dirname(file), { recursive: true });
  const deadline = Date.now() + waitMs;
  for (; ; pause()) {
    if (isMade(() => symlinkSync(`${process.pid} ${startTime(process.pid)}`, file))) {
      return () => rmSync(file, { force: true });
    }
    const holder = holderOf(file);
    if (holder === 'none') clearAway(file);
    else if (holder !== undefined && Date.now() > deadline) {
      throw new StackError(`another command (pid ${holder}) is changing ${what}`, 'wait for its end');
    }
  }
}

/** The process that holds it; `none` where that is dead, undefined where there is no lock. */
function holderOf(file: string): number | 'none' | undefined {
  try {
    const [pid, startedAt = ''] = readlinkSync(file).split(' ');
    return isSameProcess({ name: '', pid: Number(pid), startedAt }) ? Number(pid) : 'none';
  } catch (error) {
    // A file is what an older version left.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'none';
  }
}

/** One at a time looks again and removes it: of two who saw the same dead owner, one would remove the other's lock. */
function clearAway(file: string): void {
  const turn = `${file}.clearing`;
  if (isMade(() => mkdirSync(turn))) {
    if (holderOf(file) === 'none') rmSync(file, { force: true });
    rmSync(turn, { recursive: true, force: true });
  } else if (Date.now() - (statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > CLEARING_MS) {
    rmSync(turn, { recursive: true, force: true });
  }
}

/** False where it is there already. */
function isMade(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
}
