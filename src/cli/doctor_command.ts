import { styleText } from 'node:util';
import type { Check } from '../stack/doctor/check.ts';
import { runDoctor } from '../stack/doctor/run_doctor.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';
import { print } from './reporter.ts';
import { configFileOf, driverFor, keptOptions, layoutOf } from './stack_access.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Runs all checks of the doctor on the stack of `environment`. */
export async function doctorChecks(environment: Environment): Promise<Check[]> {
  const layout = layoutOf(environment);
  const { searchPath, uid, home, apiBaseUrl } = environment;
  const options = keptOptions(layout) ?? { ...DEFAULT_STACK_OPTIONS, all: true };
  const configFile = configFileOf(options, environment);
  // Without a container engine nothing runs; `start` says why.
  const services = await driverFor(options, environment)
    .status()
    .catch(() => []);
  return runDoctor({ layout, options, searchPath, uid, home, apiBaseUrl, configFile }, { services });
}

/** `doctor`: every check with what, why and fix. Returns 1 when one fails. */
export async function doctorCommand(json: boolean, environment: Environment): Promise<number> {
  const checks = await doctorChecks(environment);
  if (json) print(JSON.stringify({ checks }, null, 2));
  else {
    for (const { id, result, what, why, fix } of checks) {
      const word = styleText(COLOURS[result], result.padEnd(4), { stream: process.stdout });
      print(`${word}  ${id.padEnd(20)} ${what}`);
      if (result !== 'ok') print([why && `      why  ${why}`, fix && `      fix  ${fix}`].filter(Boolean).join('\n'));
    }
  }
  return checks.some(({ result }) => result === 'fail') ? 1 : 0;
}
