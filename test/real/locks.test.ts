import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const PROCESSES = 12;
const ROUNDS = 5;

/** Waits until all are there, adds to a number in a file under the lock, and ends with the lock still in its hands. */
const WORKER = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { takeLock } from '${path.resolve('src/stack/start_lock.ts')}';
const [, folder] = process.argv;
const patiently = (unlock) => {
  while (!unlock) try { unlock = takeLock(folder + '/lock', 'the number', 60_000); } catch {}
  return unlock;
};
writeFileSync(folder + '/ready-' + process.pid, '');
const pause = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(folder + '/go')) Atomics.wait(pause, 0, 0, 2);
for (let round = 1; round <= ${ROUNDS}; round++) {
  const unlock = patiently();
  const number = Number(readFileSync(folder + '/number', 'utf8'));
  writeFileSync(folder + '/number', String(number + 1));
  if (round < ${ROUNDS}) unlock();
}
process.kill(process.pid, 'SIGKILL');
`;

it('lets one process at a time change something, however many begin at once and die with the lock', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-locks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'number'), '0');
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', WORKER, folder];
  const workers = Array.from({ length: PROCESSES }, () => spawn(process.execPath, args, { stdio: 'inherit' }));
  const ends = workers.map((worker) => once(worker, 'exit'));
  await expect.poll(() => readdirSync(folder).length, { timeout: 60_000 }).toBe(PROCESSES + 1);
  writeFileSync(path.join(folder, 'go'), '');
  for (const [, signal] of await Promise.all(ends)) expect(signal).toBe('SIGKILL');
  expect(readFileSync(path.join(folder, 'number'), 'utf8')).toBe(String(PROCESSES * ROUNDS));
});
