import { stripVTControlCharacters } from 'node:util';
import { readJsonFile } from '../stack/json_file.ts';

/** A test that failed, a file that could not be run, or an error outside all tests. */
export interface TestFailure {
  /** From the project's folder: `test/real/keys.test.ts`. Missing for an error outside all tests. */
  file?: string;
  /** Missing where no single test failed. */
  test?: string;
  message: string;
}

/** What came of a part of the tests. It is also what `test/support/failures_reporter.ts` writes. */
export interface TestTally {
  /** In tests. */
  passed: number;
  failures: TestFailure[];
}

/**
 * Reads what a run of vitest that ended with the exit code `code` wrote to `file`. A run that failed, or ran no test,
 * has at least one failure.
 */
export function readTally(file: string, code: number): TestTally {
  const tally = readJsonFile(file) as TestTally | undefined;
  if (!tally) return { passed: 0, failures: [{ message: `wrote no report, exit code ${code}` }] };
  if (tally.failures.length > 0) return tally;
  if (code !== 0) return { ...tally, failures: [{ message: `no test failed, but its exit code is ${code}` }] };
  return tally.passed > 0 ? tally : { ...tally, failures: [{ message: 'ran no test' }] };
}

/** Longer first lines hold whole answers or bodies. */
const MOST_CHARACTERS = 300;

/** One line: `test/real/keys.test.ts > a key > is refused: expected 200 to be 401`. */
export function describeFailure({ file, test, message }: TestFailure): string {
  const where = [file, test].filter((part) => part !== undefined).join(' > ');
  const [first = ''] = stripVTControlCharacters(message).trimStart().split('\n');
  const line = first.length > MOST_CHARACTERS ? `${first.slice(0, MOST_CHARACTERS)}…` : first;
  return where === '' ? line : `${where}: ${line}`;
}
