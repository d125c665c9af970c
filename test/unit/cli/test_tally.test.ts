import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readTally } from '../../../src/cli/test_parts.ts';

function reportOf(...files: string[][]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const testResults = files.map((states) => ({ assertionResults: states.map((status) => ({ status })) }));
  writeFileSync(path.join(folder, 'report.json'), JSON.stringify({ testResults }));
  return path.join(folder, 'report.json');
}

it('counts tests over all files', () => {
  expect(readTally(reportOf(['passed', 'passed'], ['passed', 'failed', 'skipped']), 1)).toEqual({
    passed: 3,
    failed: 1,
  });
  expect(readTally(reportOf(['passed', 'passed']), 0)).toEqual({ passed: 2, failed: 0 });
});

it('a run that failed without a failed test, that ran none, or that wrote no report, is a failure', () => {
  expect(readTally(reportOf(['passed']), 1)).toEqual({ passed: 1, failed: 1 });
  expect(readTally(reportOf(['skipped']), 0)).toEqual({ passed: 0, failed: 1 });
  expect(readTally('/nowhere/report.json', 1)).toEqual({ passed: 0, failed: 1 });
  expect(readTally('/nowhere/report.json', 0)).toEqual({ passed: 0, failed: 1 });
});
