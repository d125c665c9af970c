import { mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { StackError } from './stack_error.ts';
import { isSameProcess, startTime } from './supervisor/process_identity.ts';

const LOOK_MS = 20;
/** Removing a stale lock takes milliseconds. A process that takes this long has died. */
const CLEARING_MS = 10_000;

/** Lets one command at a time change the stack in `state`; see {@link takeLock}. */
export function takeStartLock(state: string): () => void {
  return takeLock(path.join(state, 'start.lock'), 'the stack');
}

/**
 * Lets one command at a time change something; returns the function that releases the lock.
 *
 * The lock is a symbolic link whose target is the owner's pid and start time, so it never exists without its owner. A
 * lock whose owner died is ignored.
 * @param what what is changed, for the error message
 * @param waitMs how long to wait for another command
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
      throw new StackError(`another command (pid ${holder}) is changing ${what}`, 'wait until it has finished');
    }
  }
}

/** The process that holds the lock; `none` if it is dead, undefined without a lock. */
function holderOf(file: string): number | 'none' | undefined {
  try {
    const [pid, startedAt = ''] = readlinkSync(file).split(' ');
    return isSameProcess({ name: '', pid: Number(pid), startedAt }) ? Number(pid) : 'none';
  } catch (error) {
    // An older version left a plain file.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'none';
  }
}

/**
 * Removes a stale lock, one process at a time and after a second look. Without that, two processes that saw the same dead
 * owner could both act, and one would remove the new lock of the other.
 */
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
