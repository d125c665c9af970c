import type { LoadRecord } from './record.ts';

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

/** A request as a line of RFC 4180; empty for what is not known. */
export function csvLine(record: LoadRecord): string {
  return `${COLUMNS.map(([, value]) => cell(value(record))).join(',')}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  const text = String(value);
  // A spreadsheet would take what begins so for a formula; the server chose the text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
