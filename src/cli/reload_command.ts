import { StackError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import { checkedConfig } from './config_file.ts';
import type { Environment } from './environment.ts';
import { say } from './reporter.ts';
import { driverFor, keptOptions, layoutOf } from './stack_access.ts';

/** `reload`: has every instance read providers and routes again, while streams run. Returns the exit code. */
export async function reloadCommand(environment: Environment): Promise<number> {
  const options = keptOptions(layoutOf(environment)) ?? DEFAULT_STACK_OPTIONS;
  const found = checkedConfig(options, environment);
  const results = await driverFor(options, environment).reload();
  for (const { name, result } of results) say(`${name}: ${result}`);
  const failed = results.filter(({ result }) => result !== 'reloaded');
  if (failed.length > 0) {
    throw new StackError(
      `${failed.map(({ name }) => name).join(', ')} did not take the new configuration`,
      `the one before holds there; see ./weir logs ${failed[0]?.name}`,
    );
  }
  say(`${found}; no stream was cut`);
  return 0;
}
