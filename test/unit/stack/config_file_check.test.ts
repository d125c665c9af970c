import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DoctorContext, Situation } from '../../../src/stack/doctor/check.ts';
import { checkConfigFileOf } from '../../../src/stack/doctor/provider_checks.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'weir-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nothingRuns: Situation = { services: [], nginxRuns: false };
function check(name: string, text?: string) {
  const configFile = path.join(folder, name);
  if (text !== undefined) writeFileSync(configFile, text);
  return checkConfigFileOf({ configFile } as DoctorContext, nothingRuns);
}

it('a configuration that instances take', () => {
  const found = check('good.yaml', 'providers: { first: { preset: openai } }\nroutes: {}\n');
  expect(found).toMatchObject({ result: 'ok', fix: '' });
  expect(found.what).toMatch(/good\.yaml has 1 provider and 0 routes$/);
});

it('one that they would not take: every line of it, and what then starts the stack', () => {
  const found = check('bad.yaml', 'providers: { first: { preset: opnai } }\nroute: {}\n');
  expect(found.result).toBe('fail');
  expect(found.what).toMatch(/line 1: providers\.first\.preset.*; line 2: route is not known/);
  expect(found.fix).toMatch(/then \.\/weir start --all$/);
});

it('one that is not there', () => {
  const found = check('none.yaml');
  expect(found).toMatchObject({ result: 'fail', fix: 'name another one with --config FILE' });
  expect(found.what).toMatch(/none\.yaml can not be read \(ENOENT\)$/);
});
