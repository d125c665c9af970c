import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { containerConfig } from '../../../src/stack/compose/container_config.ts';
import type { DoctorContext, Situation } from '../../../src/stack/doctor/check.ts';
import { checkConfigFileOf, fixFor } from '../../../src/stack/doctor/provider_checks.ts';

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

it('a key of several that was refused: where that one is', () => {
  const file = path.join(folder, 'keys.yaml');
  writeFileSync(
    file,
    'providers: { a: { preset: groq, api_key_env: [A, B] }, b: { preset: groq, api_key_file: [c, d] } }',
  );
  expect(fixFor('a#2', file)).toBe('B=… ./weir restart');
  expect(fixFor('b#2', file)).toBe('put the right key of b#2 into d, then ./weir reload');
  expect(fixFor('openai', undefined)).toBe('OPENAI_API_KEY=… ./weir restart');
});

it('containers get each of several keys, under a name of its own', () => {
  const file = path.join(folder, 'containers.yaml');
  for (const key of ['one', 'two']) writeFileSync(path.join(folder, key), `key ${key}`);
  writeFileSync(
    file,
    'providers: { a: { preset: groq, api_key_file: [one, two] }, b: { preset: groq, api_key_env: [A, B] } }',
  );
  const { text, keyFiles, variables } = containerConfig(file);
  expect(JSON.parse(text).providers.a.api_key_file).toEqual(['a.key', 'a#2.key']);
  expect([...keyFiles].map(([name, key]) => [name, String(key)])).toEqual([
    ['a.key', 'key one'],
    ['a#2.key', 'key two'],
  ]);
  expect(variables).toEqual(['A', 'B']);
});
