import { compareReports } from '../load/compare_reports.ts';
import { style } from '../load/node/deliver_report.ts';
import { comparisonTable } from '../load/node/report_table.ts';
import { findReport, NoReport, RunStore } from '../load/node/run_store.ts';
import { UsageError } from '../stack/stack_error.ts';
import type { Environment } from './environment.ts';
import { print } from './reporter.ts';
import { layoutOf } from './stack_access.ts';

/** `load compare`: two runs side by side. `a` and `b` are files, ids of kept runs, or `last`. */
export async function loadCompareCommand(
  a: string,
  b: string,
  json: boolean,
  environment: Environment,
): Promise<number> {
  const runs = new RunStore(layoutOf(environment).runs);
  try {
    const [left, right] = [findReport(a, runs), findReport(b, runs)];
    const rows = compareReports(left.report, right.report);
    print(json ? JSON.stringify({ rows }, null, 2) : comparisonTable(rows, left.name, right.name, style).trimEnd());
    return 0;
  } catch (error) {
    if (!(error instanceof NoReport)) throw error;
    throw new UsageError(error.message.replace(/;.*$/, ''), 'see the ids in .weir/runs', { cause: error });
  }
}
