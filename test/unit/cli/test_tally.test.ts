import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readTally } from '../../../src/cli/test_tally.ts';

function reportOf(...files: [name: string, ...states: string[]][]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const testResults = files.map(([name, ...states]) => ({
    name,
    status: states.includes('failed') ? 'failed' : 'passed',
    assertionResults: states.map((status) => ({ status })),
  }));
  writeFileSync(path.join(folder, 'report.json'), JSON.stringify({ testResults }));
  return path.join(folder, 'report.json');
}

it('counts tests, names the files that failed, and can leave those out', () => {
  const report = reportOf(['a', 'passed', 'passed'], ['b', 'passed', 'failed', 'skipped']);
  expect(readTally(report, 1)).toEqual({ passed: 3, failed: 1, failedFiles: ['b'] });
  expect(readTally(report, 0, ['b'])).toMatchObject({ passed: 2, failed: 0 });
});

it('a run that failed without a failed test, or that wrote no report, is a failure', () => {
  expect(readTally(reportOf(['a', 'passed']), 1)).toEqual({ passed: 1, failed: 1, failedFiles: [] });
  expect(readTally('/nowhere/report.json', 1)).toEqual({ passed: 0, failed: 1, failedFiles: [] });
});
