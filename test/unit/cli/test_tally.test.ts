import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeFailure, readTally } from '../../../src/cli/test_tally.ts';

it('a run without a report, without a test, or that fails otherwise, is a failure', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const report = path.join(folder, 'report.json');
  const readAs = (passed: number, code: number) => {
    writeFileSync(report, JSON.stringify({ passed, failures: [] }));
    return readTally(report, code);
  };
  expect(readAs(2, 0)).toEqual({ passed: 2, failures: [] });
  expect(readAs(2, 1)).toMatchObject({ passed: 2, failures: [{ message: 'no test failed, but its exit code is 1' }] });
  expect(readAs(0, 0)).toMatchObject({ failures: [{ message: 'ran no test' }] });
  expect(readTally('/nowhere/report.json', 0).failures).toHaveLength(1);
});

it('says the first line of a message, without colours and without what an answer held', () => {
  const file = 'test/real/keys.test.ts';
  expect(describeFailure({ file, test: 'a key', message: '\u001b[31mexpected 1\u001b[39m to be 2\n- 1\n+ 2' })).toBe(
    'test/real/keys.test.ts > a key: expected 1 to be 2',
  );
  expect(describeFailure({ file, message: 'x'.repeat(10_000) }).length).toBeLessThan(400);
});
