import { STRIP_LENGTH, type StripEntry } from './load_run.ts';
import type { LoadRecord } from './record.ts';
import { CSV_HEAD, csvLine } from './records_csv.ts';

/** Further requests than these are in the report, but have no line of their own. */
export const MAX_CSV_RECORDS = 20_000;

/** Keeps what is shown of single requests: the first of them as a strip, and a bounded number as CSV. */
export class RunRecorder {
  readonly #strip: StripEntry[] = [];
  readonly #lines: string[] = [CSV_HEAD];
  readonly #maxRecords: number;

  constructor(maxRecords: number = MAX_CSV_RECORDS) {
    this.#maxRecords = maxRecords;
  }

  head(index: number, instance: string | null): void {
    if (index < STRIP_LENGTH) this.#fill(index, { instance, outcome: null });
  }

  add(record: LoadRecord): void {
    const { index, instance, outcome } = record;
    if (index < STRIP_LENGTH) this.#fill(index, { instance, outcome });
    if (this.#lines.length <= this.#maxRecords) this.#lines.push(csvLine(record));
  }

  strip(): StripEntry[] {
    return this.#strip.map((entry) => ({ ...entry }));
  }

  csv(): string {
    return this.#lines.join('');
  }

  /** Requests start in order but are heard of in any: those between have no answer yet. */
  #fill(index: number, entry: StripEntry): void {
    while (this.#strip.length <= index) this.#strip.push({ instance: null, outcome: null });
    this.#strip[index] = entry;
  }
}
