import { readJsonFile } from '../stack/json_file.ts';

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  testResults?: { name: string; status: string; assertionResults?: { status: string }[] }[];
}

/** The end of one run of vitest. */
export interface TestTally {
  /** Tests. */
  passed: number;
  /** Tests; a run that failed without a failed test to show for it counts as one. */
  failed: number;
  /** Paths of the files that failed. */
  failedFiles: string[];
}

/** Adds up the report in `file` of a run that ended with the exit code `code`; what is in `but` is left out. */
export function readTally(file: string, code: number, but: readonly string[] = []): TestTally {
  const results = (readJsonFile(file) as Report | undefined)?.testResults ?? [];
  const states = results
    .filter(({ name }) => !but.includes(name))
    .flatMap(({ assertionResults }) => assertionResults ?? [])
    .map(({ status }) => status);
  const failed = states.filter((status) => status === 'failed').length;
  return {
    passed: states.filter((status) => status === 'passed').length,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    failedFiles: results.filter(({ status }) => status === 'failed').map(({ name }) => name),
  };
}
