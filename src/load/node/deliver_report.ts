import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { styleText } from 'node:util';
import { compareReports } from '../compare_reports.ts';
import type { LoadReport } from '../load_report.ts';
import type { LoadRun } from '../load_run.ts';
import { reportHtml } from '../report_html.ts';
import type { RunRecorder } from '../run_recorder.ts';
import { comparisonTable, reportTable, type Style } from './report_table.ts';
import type { NamedReport } from './run_store.ts';

/** Files to write a run to; `-`: stdout, which then contains nothing else. */
export interface Deliveries {
  json?: string;
  csv?: string;
  html?: string;
}

/** Prints a run as a table, unless a file goes to stdout, and writes its files. @throws Unwritable */
export async function deliver(
  run: LoadRun,
  report: LoadReport,
  recorder: RunRecorder,
  { json, csv, html }: Deliveries,
  baseline: NamedReport | undefined,
): Promise<void> {
  const files: [target: string | undefined, text: () => string][] = [
    [json, () => `${JSON.stringify({ ...report, plan: run.plan }, null, 2)}\n`],
    [csv, () => recorder.csv()],
    [html, () => reportHtml(run) ?? ''],
  ];
  if (!files.some(([target]) => target === '-')) {
    await out(reportTable(report, style));
    if (baseline) {
      const rows = compareReports(baseline.report, report);
      await out(`\n${comparisonTable(rows, baseline.name, `this run (${run.id})`, style)}`);
    }
  }
  for (const [target, text] of files) {
    if (target === '-') await out(text());
    else if (target !== undefined) await writeReport(target, text());
  }
}

/** styleText respects NO_COLOR and does not colour pipes. */
export const style: Style = (format, line) => styleText(format, line, { stream: process.stdout });

/** Resolves when the text is written, because the program may exit right after. */
export function out(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/** A file for the report cannot be written; `message` is a sentence. */
export class Unwritable extends Error {
  constructor(file: string, reason: string) {
    super(`The report cannot be written to ${file} (${reason}). Choose another file.`);
  }
}

/** Checks a file before the run. @throws Unwritable */
export async function mustBeWritable(file: string): Promise<void> {
  const folder = path.dirname(file);
  const [found, around] = await Promise.all([file, folder].map((each) => stat(each).catch(() => undefined)));
  if (found?.isDirectory()) throw new Unwritable(file, 'it is a folder');
  if (!found && !around?.isDirectory()) throw new Unwritable(file, `there is no folder ${folder}`);
  await access(found ? file : folder, constants.W_OK).catch((error: Error) => {
    throw new Unwritable(file, error.message);
  });
}

/** @throws Unwritable */
export async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: Error) => {
    throw new Unwritable(file, error.message);
  });
}
