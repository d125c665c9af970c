import { type UsageBatch, type UsageIncrease, type UsageStore, usageRows } from '../../../core/usage/usage_store.ts';
import { USAGE_DAYS } from '../../../formats/cluster/usage_days.ts';
import type { UsageRow } from '../../../formats/cluster/usage_row.ts';

/** Usage of this process alone, for as long as it lives: without Redis there is no other place. */
export class MemoryUsageStore implements UsageStore {
  readonly #days = new Map<string, Map<string, UsageIncrease>>();

  async add({ day, increases }: UsageBatch): Promise<void> {
    const rows = this.#days.get(day) ?? new Map<string, UsageIncrease>();
    this.#days.set(day, rows);
    const [oldest] = this.#days.keys();
    if (this.#days.size > USAGE_DAYS && oldest !== undefined) this.#days.delete(oldest);
    for (const { key, provider, model, counters } of increases) {
      const name = `${key}\t${provider}\t${model}`;
      const row = rows.get(name) ?? { key, provider, model, counters: new Map() };
      rows.set(name, row);
      for (const [counter, count] of counters) row.counters.set(counter, (row.counters.get(counter) ?? 0) + count);
    }
  }

  async read(days: readonly string[]): Promise<UsageRow[]> {
    return days.flatMap((day) => usageRows(day, this.#days.get(day)?.values() ?? []));
  }
}
