import type { LogSubscriber } from './log_subscriber.ts';

/**
 * What is said of a stream after it has become too long to be kept: it stays here only until each reader has it. Without
 * a reader there is nothing that waits.
 */
export class UnkeptRest {
  /** Entries up to here may refer to each other. */
  readonly #keptUpTo: number;
  /** So many entries were let go. */
  #forgotten = 0;

  constructor(keptUpTo: number) {
    this.#keptUpTo = keptUpTo;
  }

  /** Lets go of what each reader has. @returns the length of what the slowest has not, in UTF-16 units */
  forgetRead(entries: string[], readers: ReadonlySet<LogSubscriber>): number {
    let read = entries.length;
    for (const { at } of readers) read = Math.min(read, at);
    let waiting = 0;
    for (let at = read; at < entries.length; at += 1) waiting += (entries[at] as string).length;
    if (read >= this.#keptUpTo) {
      entries.fill('', this.#forgotten, read);
      this.#forgotten = read;
    }
    return waiting;
  }
}
