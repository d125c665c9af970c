import type { EntryStore } from '../../../core/cache/answer_cache.ts';

interface Kept {
  entry: string;
  /** By `performance.now()`. */
  until: number;
}

/** Answers kept in this process, within a bound. */
export class MemoryEntryStore implements EntryStore {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async get(key: string): Promise<string | undefined> {
    const kept = this.#kept.get(key);
    if (kept && kept.until > performance.now()) return kept.entry;
    this.#drop(key);
    return undefined;
  }

  async set(key: string, entry: string, ttlSeconds: number): Promise<void> {
    const size = sizeOf(entry);
    if (size > this.#maxBytes) return;
    this.#drop(key);
    while (this.#bytes + size > this.#maxBytes) this.#drop(this.#soonest());
    this.#kept.set(key, { entry, until: performance.now() + ttlSeconds * 1000 });
    this.#bytes += size;
  }

  #soonest(): string {
    let soonest = '';
    let until = Number.POSITIVE_INFINITY;
    for (const [key, kept] of this.#kept) {
      if (kept.until >= until) continue;
      soonest = key;
      until = kept.until;
    }
    return soonest;
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#bytes -= sizeOf(kept.entry);
  }
}

function sizeOf(entry: string): number {
  return Buffer.byteLength(entry);
}
