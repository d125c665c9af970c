import { type LogRecord, readRecords } from './log_record.ts';
import type { LogStore } from './log_store.ts';

/** A dead log is read once for all its streams, and kept while they are taken over. */
const KEEP_MS = 30_000;

/** What a log holds of one stream. */
interface LoggedText {
  /** Undefined where only the end of what was said of it is left, as the rest is checkpointed. */
  id: string | undefined;
  records: LogRecord[];
}

/** Sealed logs, read whole: what they hold of each stream, by its number. */
export class DeadLogs {
  readonly #store: LogStore;
  readonly #read = new Map<string, Promise<Map<string, LoggedText>>>();

  constructor(store: LogStore) {
    this.#store = store;
  }

  /** @param incarnation must be sealed: then what was read can't change */
  read(incarnation: string): Promise<Map<string, LoggedText>> {
    const known = this.#read.get(incarnation);
    if (known) return known;
    const reading = this.#scan(incarnation);
    this.#read.set(incarnation, reading);
    setTimeout(() => this.#read.delete(incarnation), KEEP_MS).unref();
    reading.catch(() => this.#read.delete(incarnation));
    return reading;
  }

  async #scan(incarnation: string): Promise<Map<string, LoggedText>> {
    const streams = new Map<string, LoggedText>();
    for await (const group of this.#store.scan(incarnation)) {
      for (const record of readRecords(group)) {
        const known = streams.get(record.number) ?? { id: undefined, records: [] };
        streams.set(record.number, known);
        if (record.kind === 'stream') known.id = record.text;
        else known.records.push(record);
      }
    }
    return streams;
  }
}
