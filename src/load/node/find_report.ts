import { readFileSync } from 'node:fs';
import type { LoadReport } from '../load_report.ts';
import type { RunStore } from './run_store.ts';

/** A report and what to call it. */
export interface NamedReport {
  name: string;
  report: LoadReport;
}

/** There is no such report; `message` says in a sentence what to do. */
export class NoReport extends Error {}

/**
 * The report that a person means: `last`, the id of a run that is kept, or a file (`--json`, or a kept run).
 * @throws NoReport
 */
export function findReport(reference: string, runs: RunStore): NamedReport {
  const run = reference === 'last' ? runs.last() : runs.load(reference);
  if (run?.report) return { name: `${run.name} (${run.id})`, report: run.report };
  if (reference === 'last') throw new NoReport('There is no earlier run to compare with; run ./weir load once before.');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(reference, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is not JSON' : 'there is no such run and no such file';
    throw new NoReport(`"${reference}" can not be compared with (${why}); name a file of --json, or the id of a run.`);
  }
  const report = reportOf(value);
  if (!report)
    throw new NoReport(`"${reference}" holds no report of this version; make one with ./weir load --json FILE.`);
  return { name: reference, report };
}

function reportOf(value: unknown): LoadReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const report = 'report' in value ? value.report : value;
  const isReport = typeof report === 'object' && report !== null && 'outcomes' in report && 'phases' in report;
  return isReport ? (report as LoadReport) : undefined;
}
