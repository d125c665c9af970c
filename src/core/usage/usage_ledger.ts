import { dayOf } from '../../formats/cluster/usage_days.ts';
import { OTHERS } from '../../formats/cluster/usage_row.ts';
import type { StreamUsage } from './stream_usage.ts';
import type { UsageBatch, UsageCounter, UsageIncrease, UsageStore } from './usage_store.ts';

/** What is not written yet is lost with the process: a second of it. */
const FLUSH_MS = 1_000;
/** Clients name models as they like; beyond so many rows a day the rest goes under one name. */
const MAX_ROWS = 5_000;

/** USD for a million tokens; undefined where it is not known. */
export type Price = (provider: string, model: string) => { input: number; output: number } | undefined;

/** Adds up what streams have used, and writes it once a second at the most. */
export class UsageLedger {
  readonly #store: UsageStore;
  readonly #price: Price;
  readonly #incarnation: string;
  readonly #maxRows: number;
  #day = '';
  /** Rows of the day that were ever begun here. */
  readonly #begun = new Set<string>();
  #open = new Map<string, UsageIncrease>();
  /** Taken out of the open ones, and not yet known to be written; the oldest first. */
  readonly #unsent: UsageBatch[] = [];
  #number = 0;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: UsageStore, price: Price, incarnation: string, maxRows = MAX_ROWS) {
    this.#store = store;
    this.#price = price;
    this.#incarnation = incarnation;
    this.#maxRows = maxRows;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.flush();
  }

  /** @param key whose stream it was @param row where it is added, where not under its provider and model */
  record(key: string, used: StreamUsage, row?: Pick<UsageIncrease, 'provider' | 'model'>): void {
    const { provider, model, route, outcome, usage } = used;
    const { counters } = this.#row(key, row?.provider ?? provider, row?.model ?? route ?? model);
    const add = (counter: UsageCounter, count: number) => {
      if (count > 0) counters.set(counter, (counters.get(counter) ?? 0) + count);
    };
    const { input_tokens: input, output_tokens: output } = usage;
    add(outcome === 'ok' ? 'ok' : outcome === 'cancelled' ? 'cancelled' : 'failed', 1);
    add('input', input);
    add('output', output);
    add('cached', usage.cached_input_tokens ?? 0);
    if (usage.estimated) add('estimated', input + output);
    const price = this.#price(provider, model);
    // USD a million tokens is a thousand billionths of a USD a token.
    if (price) add('nano_usd', Math.round((input * price.input + output * price.output) * 1_000));
  }

  /** One after another; what fails is tried again before anything newer. Never rejects. */
  flush(): Promise<void> {
    this.#sending ??= this.#flush().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  #row(key: string, provider: string, model: string): UsageIncrease {
    const day = dayOf(Date.now());
    if (day !== this.#day) {
      this.#close();
      this.#day = day;
      this.#begun.clear();
    }
    const name = `${key}\t${provider}\t${model}`;
    const found = this.#open.get(name);
    if (found) return found;
    if (!this.#begun.has(name) && this.#begun.size >= this.#maxRows && model !== OTHERS) {
      return this.#row(key, provider, OTHERS);
    }
    this.#begun.add(name);
    const row: UsageIncrease = { key, provider, model, counters: new Map() };
    this.#open.set(name, row);
    return row;
  }

  /** Makes a batch of the open rows, which all are of one day. */
  #close(): void {
    if (this.#open.size === 0) return;
    this.#number += 1;
    const increases = [...this.#open.values()];
    this.#unsent.push({ day: this.#day, incarnation: this.#incarnation, number: this.#number, increases });
    this.#open = new Map();
  }

  async #flush(): Promise<void> {
    // While the store is away, rows go on adding up in the one open map.
    if (this.#unsent.length === 0) this.#close();
    for (let batch = this.#unsent[0]; batch; batch = this.#unsent[0]) {
      try {
        await this.#store.add(batch);
      } catch {
        return;
      }
      this.#unsent.shift();
    }
  }
}
