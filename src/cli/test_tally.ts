import { readJsonFile } from '../stack/json_file.ts';

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  testResults?: { assertionResults?: { status: string }[] }[];
}

/** What came of a part of the tests, in tests. */
export interface TestTally {
  passed: number;
  /** A part that failed without a failed test to show for it counts as one. */
  failed: number;
}

/** Adds up the report in `file` of a run of vitest that ended with the exit code `code`. */
export function readTally(file: string, code: number): TestTally {
  const results = (readJsonFile(file) as Report | undefined)?.testResults ?? [];
  const states = results.flatMap(({ assertionResults }) => assertionResults ?? []).map(({ status }) => status);
  const failed = states.filter((status) => status === 'failed').length;
  const passed = states.filter((status) => status === 'passed').length;
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}
