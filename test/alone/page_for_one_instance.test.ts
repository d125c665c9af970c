import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildDashboard } from '../../src/stack/native/build_dashboard.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { Patient } from '../support/patient.ts';

let patient: Patient;
let instance: Instance;
beforeAll(async () => {
  [patient, instance] = await Promise.all([Patient.admit('--instances', '1'), startInstance()]);
});
afterAll(() => Promise.all([patient.stack.destroy(), instance.stop()]));

// Alone, for all stacks of this checkout serve one built page.
it('the doctor names a page that was built for one instance, and its command fixes it', async () => {
  // As a start does with VITE_API_BASE_URL in its environment.
  const root = path.resolve(import.meta.dirname, '../..');
  expect(await buildDashboard(root, `${instance.url}/api/v1`)).toBe('built');
  const fix = await patient.namedAs('api_url', new RegExp(`${instance.url}/api/v1 bypasses NGINX$`));
  expect(fix).toBe('unset VITE_API_BASE_URL; ./weir restart');
  await patient.fixedBy(fix);
});
