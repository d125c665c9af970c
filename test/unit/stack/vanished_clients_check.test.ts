import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DoctorContext } from '../../../src/stack/doctor/check.ts';
import { checkVanishedClients } from '../../../src/stack/doctor/nginx_checks.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'weir-vanished-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['Perl opened the sockets', '/usr/bin/perl', '15\n', 'ok'],
  ['the machine gives up early', undefined, '6\n', 'ok'],
  ['the system is another one', undefined, undefined, 'ok'],
  ['nothing of that holds', undefined, '15\n', 'warn'],
])('clients that vanish: %s', (_, perl, tries, result) => {
  const planFile = path.join(folder, 'plan.json');
  const triesFile = path.join(folder, `tries-${tries}`);
  writeFileSync(planFile, JSON.stringify({ settings: { perl } }));
  if (tries !== undefined) writeFileSync(triesFile, tries);
  const found = checkVanishedClients({ layout: { planFile } } as DoctorContext, triesFile);
  expect(found.result).toBe(result);
  expect(found.fix).toBe(result === 'ok' ? '' : 'install perl, then ./weir restart');
});
