import type { LogStore } from './log_store.ts';

const KEEP_MS = 30_000;
const KEEP_UNITS = 64 * 1024 * 1024;

/** Acknowledged groups of the last moments: a store that failed over may have lost them. */
export class SentGroups {
  #groups: { n: number; text: string; at: number }[] = [];
  #size = 0;

  keep(n: number, text: string): void {
    const now = performance.now();
    this.#groups.push({ n, text, at: now });
    this.#size += text.length;
    let drop = 0;
    for (const { text: old, at } of this.#groups) {
      if (now - at < KEEP_MS && this.#size <= KEEP_UNITS) break;
      this.#size -= old.length;
      drop += 1;
    }
    if (drop > 0) this.#groups.splice(0, drop);
  }

  /** Sends those from `next` up to (not with) `end` again. @returns false when they are no longer all here */
  async resend(store: LogStore, incarnation: string, next: number, end: number): Promise<boolean> {
    const lost = this.#groups.filter(({ n }) => n >= next && n < end);
    if (lost.length !== end - next) return false;
    for (const { n, text } of lost) {
      const reply = await store.append(incarnation, n, text).catch(() => undefined);
      // No answer: the caller's next try finds the gap that is left.
      if (reply === undefined) return true;
      if (reply.kind !== 'ok' && reply.kind !== 'duplicate') return false;
    }
    return true;
  }

  clear(): void {
    this.#groups = [];
    this.#size = 0;
  }
}
