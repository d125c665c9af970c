import { type Stats, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type ApiKey, apiKeysFileSchema } from '../../config/api_key.ts';
import type { EventLog } from '../../core/observe/observers.ts';

/** How soon a change is noticed. Polled, because events of a file that is replaced or mounted get lost. */
const LOOK_MS = 500;

/** Reads the file of keys, and again whenever it changes. A file that can not be read leaves the keys as they are. */
export class ApiKeysFile {
  readonly #path: string;
  readonly #log: EventLog;
  readonly #changed: (keys: readonly ApiKey[]) => void;
  readonly #look = (now: Stats, before: Stats): void => {
    // A file that is written in place may change twice within one tick of its clock.
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) void this.#read();
  };
  #reading: Promise<void> = Promise.resolve();

  /** @param changed gets all keys, once for each good version of the file */
  constructor(path: string, log: EventLog, changed: (keys: readonly ApiKey[]) => void) {
    this.#path = path;
    this.#log = log;
    this.#changed = changed;
  }

  /** Resolves when the file was read, or could not be. */
  async open(): Promise<void> {
    watchFile(this.#path, { interval: LOOK_MS, persistent: false }, this.#look);
    await this.#read();
  }

  close(): void {
    unwatchFile(this.#path, this.#look);
  }

  /** One after another, so that the last read wins. */
  #read(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOnce());
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    try {
      const { keys } = apiKeysFileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      this.#changed(keys);
      this.#log.info('0', 'API keys read', { keys: keys.length });
    } catch (error) {
      // The log says where the file is wrong, but not what it contains.
      const reason = error instanceof SyntaxError ? 'it is not JSON' : problemOf(error);
      this.#log.warn('0', 'API keys could not be read; the keys stay as they were', { file: this.#path, reason });
    }
  }
}

function problemOf(error: unknown): string {
  const { code, issues } = error as { code?: string; issues?: { path: PropertyKey[]; message: string }[] };
  return code ?? issues?.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') ?? 'unknown';
}
