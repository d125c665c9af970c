import { STRIP_LENGTH, type StripEntry } from './load_run.ts';
import type { LoadRecord } from './record.ts';

/** Requests above this number are in the report, but not in the CSV. */
export const MAX_CSV_RECORDS = 20_000;

/** Records single requests: the first ones as a strip, and a bounded number as CSV. */
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

  /** Requests start in order, but responses arrive in any order: fills gaps with empty entries. */
  #fill(index: number, entry: StripEntry): void {
    while (this.#strip.length <= index) this.#strip.push({ instance: null, outcome: null });
    this.#strip[index] = entry;
  }
}

const COLUMNS: [name: string, value: (record: LoadRecord) => string | number | boolean | null][] = [
  ['index', (r) => r.index],
  ['user', (r) => r.user],
  ['measured', (r) => r.measured],
  ['outcome', (r) => r.outcome],
  ['status', (r) => r.status],
  ['code', (r) => r.code],
  ['instance', (r) => r.instance],
  ['via', (r) => r.via],
  ['start_ms', (r) => r.startMs],
  ['late_ms', (r) => r.lateMs],
  ['ttft_ms', (r) => r.ttftMs],
  ['tpot_ms', (r) => r.tpotMs],
  ['max_stall_ms', (r) => r.maxStallMs],
  ['e2e_ms', (r) => r.e2eMs],
  ['chunks', (r) => r.chunks],
  ['tokens', (r) => r.tokens],
  ['reconnects', (r) => r.reconnects],
  ['max_resume_gap_ms', (r) => r.maxResumeGapMs],
  ['thread_id', (r) => r.threadId],
];

/** The names of {@link csvLine}'s columns. */
export const CSV_HEAD = `${COLUMNS.map(([name]) => name).join(',')}\r\n`;

/** A request as a line of RFC 4180; unknown values are empty. */
export function csvLine(record: LoadRecord): string {
  return `${COLUMNS.map(([, value]) => cell(value(record))).join(',')}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  const text = String(value);
  // A spreadsheet would execute such text as a formula, and the text comes from the server.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
