import type { LoadErrorCount } from './load_report.ts';
import type { LoadRecord } from './record.ts';

const MAX_ERRORS = 50;

/** What went wrong, and how often; further kinds than {@link MAX_ERRORS} are not kept. */
export class ErrorCounts {
  readonly #errors = new Map<string, LoadErrorCount>();

  add({ outcome, code, message }: LoadRecord): void {
    const key = `${outcome} ${code} ${message}`;
    const known = this.#errors.get(key);
    if (known) known.count += 1;
    else if (this.#errors.size < MAX_ERRORS) this.#errors.set(key, { outcome, code, message, count: 1 });
  }

  /** Most frequent first. */
  list(): LoadErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count).map((error) => ({ ...error }));
  }
}
