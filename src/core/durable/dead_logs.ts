import { type LogRecord, readRecords } from './log_record.ts';
import type { LogStore } from './log_store.ts';

/** A dead log is read once for all its threads, and kept while they are taken over. */
const KEEP_MS = 30_000;

/** What a log holds of one thread. */
interface LoggedText {
  /** Undefined where only the end of what was said of it is left, as the rest is checkpointed. */
  id: string | undefined;
  records: LogRecord[];
}

/** Sealed logs, read whole: what they hold of each thread, by its number. */
export class DeadLogs {
  readonly #store: LogStore;
  readonly #read = new Map<string, Promise<Map<string, LoggedText>>>();

  constructor(store: LogStore) {
    this.#store = store;
  }

  /** @param boot must be sealed: then what was read can't change */
  read(boot: string): Promise<Map<string, LoggedText>> {
    const known = this.#read.get(boot);
    if (known) return known;
    const reading = this.#scan(boot);
    this.#read.set(boot, reading);
    setTimeout(() => this.#read.delete(boot), KEEP_MS).unref();
    reading.catch(() => this.#read.delete(boot));
    return reading;
  }

  async #scan(boot: string): Promise<Map<string, LoggedText>> {
    const threads = new Map<string, LoggedText>();
    for await (const group of this.#store.scan(boot)) {
      for (const record of readRecords(group)) {
        const known = threads.get(record.number) ?? { id: undefined, records: [] };
        threads.set(record.number, known);
        if (record.kind === 'thread') known.id = record.text;
        else known.records.push(record);
      }
    }
    return threads;
  }
}
