import { expect, it } from 'vitest';
import { exitCode } from '../../../src/load/node/load_command.ts';
import { type GeneratorFacts, selfCheck } from '../../../src/load/self_check.ts';

const WELL: GeneratorFacts = { scheduleLagMs: 3.21987, cpuShare: 0.5, fileLimit: 1024, connections: 200 };

it('is green where the generator kept up, with what it saw', () => {
  expect(selfCheck(WELL)).toEqual({
    ok: true,
    reasons: [],
    schedule_lag_ms: 3.22,
    cpu_share: 0.5,
    file_limit: 1024,
  });
  expect(selfCheck({ scheduleLagMs: null, cpuShare: null, fileLimit: null, connections: 9999 }).ok).toBe(true);
});

it.each<[Partial<GeneratorFacts>, RegExp]>([
  [{ scheduleLagMs: 300 }, /300 ms late/],
  [{ cpuShare: 0.97 }, /97 % of a core/],
  [{ connections: 1000 }, /1050 open files.*1024.*ulimit -n/],
])('says why %j is not to be trusted', (facts, reason) => {
  expect(selfCheck({ ...WELL, ...facts })).toMatchObject({ ok: false, reasons: [expect.stringMatching(reason)] });
});

it.each([
  ['was late, and a limit is broken', 300, true, 99],
  ['was late, and no limit is broken', 300, false, 98],
  ['kept up, and a limit is broken', 3, true, 99],
  ['kept up, and no limit is broken', 3, false, 0],
])('where the generator %s the exit code says so', (_, scheduleLagMs, isLimitBroken, code) => {
  expect(exitCode({ self_check: selfCheck({ ...WELL, scheduleLagMs }) }, isLimitBroken)).toBe(code);
});
