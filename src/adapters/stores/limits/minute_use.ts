/** What was used in one second. */
export interface Use {
  requests: number;
  tokens: number;
}

/** A part of what was used: how many seconds ago, and what. */
export type AgedUse = Use & { age: number };

export interface UseView {
  used: number;
  /** Milliseconds until another one would be let in; 0 where one is. */
  waitMs: number;
  /** Milliseconds until nothing of it counts any more. */
  resetMs: number;
}

const MINUTE = 60;

/**
 * Use over the last minute, by the second. A second counts until all of it is a minute old, so no 60 s have more uses than
 * the limit. The same rule as in lua/count_use.lua, for one process.
 */
export class MinuteUse {
  /** By second, from the oldest on. */
  readonly #seconds = new Map<number, Use>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add({ requests, tokens, age }: AgedUse): void {
    const second = Math.floor(this.#now() / 1000) - age;
    const use = this.#seconds.get(second);
    if (use) {
      use.requests += requests;
      use.tokens += tokens;
    } else this.#seconds.set(second, { requests, tokens });
  }

  /** All that counts still, from the oldest on. */
  list(): AgedUse[] {
    const now = Math.floor(this.#now() / 1000);
    for (const second of this.#seconds.keys()) if (second < now - MINUTE) this.#seconds.delete(second);
    const seconds = [...this.#seconds].sort(([one], [other]) => one - other);
    return seconds.map(([second, use]) => ({ ...use, age: now - second }));
  }

  clear(): void {
    this.#seconds.clear();
  }

  /** @param more of the same minute, counted elsewhere */
  view(unit: keyof Use, limit: number, more: readonly AgedUse[] = []): UseView {
    const into = this.#now() % 1000;
    const all = [...this.list(), ...more].sort((one, other) => other.age - one.age);
    const uses = all.filter((use) => use[unit] > 0);
    const used = uses.reduce((sum, use) => sum + use[unit], 0);
    const untilGone = ({ age }: AgedUse) => Math.ceil((MINUTE + 1 - age) * 1000 - into);
    let left = used;
    let waitMs = 0;
    for (const use of uses) {
      if (left < limit) break;
      left -= use[unit];
      waitMs = untilGone(use);
    }
    const last = uses.at(-1);
    return { used, waitMs, resetMs: last ? untilGone(last) : 0 };
  }
}
