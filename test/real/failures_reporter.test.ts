import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeFailure, readTally } from '../../src/cli/test_tally.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const REPORTER = path.join(ROOT, 'test/support/failures_reporter.ts');

/** Runs these test files, by name, with a vitest of their own. */
async function tallyOf(files: Record<string, string>) {
  mkdirSync(path.join(ROOT, '.weir'), { recursive: true });
  // In this folder, so that the files find vitest.
  const folder = mkdtempSync(path.join(ROOT, '.weir/tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  writeFileSync(path.join(folder, 'vitest.config.js'), 'export default {}');
  const report = path.join(folder, 'report.json');
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--root', folder, `--reporter=${REPORTER}`, `--outputFile=${report}`];
  const code = await new Promise<number>((resolve) => {
    const child = execFile(process.execPath, args, { env: { ...process.env, VITEST: undefined } }, () => undefined);
    child.once('close', (code) => resolve(code ?? 1));
  });
  return readTally(report, code);
}

it('names each failed test, hook and file, and errors outside all tests', async () => {
  const { passed, failures } = await tallyOf({
    'first.test.js': `
      import { beforeAll, describe, expect, it } from 'vitest';
      it('holds', () => {});
      describe('a key', () => it('is refused', () => { throw new Error('no such key\\nand more'); }));
      describe('a stack', () => {
        beforeAll(() => { throw new Error('no port is free'); });
        it('answers', () => {});
      });`,
    'second.test.js': `
      import { it } from 'vitest';
      it('holds too', () => { void Promise.reject(new Error('left alone')); });`,
    'third.test.js': `throw new Error('does not load');`,
  });
  expect(passed).toBe(2);
  expect(failures.map(describeFailure).sort()).toEqual([
    'first.test.js > a key > is refused: no such key',
    'first.test.js > a stack: no port is free',
    'third.test.js: does not load',
    'unhandled error: left alone',
  ]);
});
