import { checkConfigFile } from '../stack/check_config_file.ts';
import { composeDriver } from '../stack/compose/compose_driver.ts';
import { readJsonFile } from '../stack/json_file.ts';
import { nativeDriver } from '../stack/native/native_driver.ts';
import { instanceNames } from '../stack/stack_addresses.ts';
import type { StackDriver } from '../stack/stack_driver.ts';
import { type StackLayout, stackLayout } from '../stack/stack_layout.ts';
import { type StackOptions, stackOptionsSchema } from '../stack/stack_options.ts';
import { expectedInstances } from '../stack/supervisor/control_client.ts';
import type { Environment } from './environment.ts';

/** The file with providers and routes for the instances; undefined where there is none. */
export function configFileOf(options: StackOptions, environment: Environment): string | undefined {
  return options.config ?? environment.configFile;
}

/** Checks the file before anything is started or changed. @returns a summary; undefined without a file. @throws StackError */
export function checkedConfig(options: StackOptions, environment: Environment): string | undefined {
  const file = configFileOf(options, environment);
  return file === undefined ? undefined : checkConfigFile(file);
}

/** Paths of the stack that this command line works on. */
export function layoutOf(environment: Environment): StackLayout {
  return stackLayout(environment);
}

/** The options of the last start; undefined before the first one. */
export function keptOptions(layout: StackLayout): StackOptions | undefined {
  const parsed = stackOptionsSchema.safeParse(readJsonFile(layout.optionsFile));
  return parsed.success ? parsed.data : undefined;
}

/** Names of the instances that this stack should have now; none where it is not started. */
export function expectedOf(layout: StackLayout): string[] {
  const options = keptOptions(layout);
  return options?.driver === 'compose' ? instanceNames(options.instances) : expectedInstances(layout.planFile);
}

/** The driver for these options. `note` shows a line of progress. */
export function driverFor(
  options: StackOptions,
  environment: Environment,
  note: (line: string) => void = () => undefined,
): StackDriver {
  const layout = layoutOf(environment);
  const { searchPath, uid, gid, home, drainSeconds, corsOrigins, apiBaseUrl, all } = environment;
  const configFile = configFileOf(options, environment);
  if (options.driver === 'compose') {
    return composeDriver({
      layout,
      options,
      searchPath,
      self: { uid, gid },
      drainSeconds,
      configFile,
      environment: all,
    });
  }
  return nativeDriver({
    layout,
    options,
    searchPath,
    uid,
    home,
    drainSeconds,
    corsOrigins,
    configFile,
    apiBaseUrl,
    say: note,
  });
}
