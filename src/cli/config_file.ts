import { checkConfigFile } from '../stack/check_config_file.ts';
import type { StackOptions } from '../stack/stack_options.ts';
import type { Environment } from './environment.ts';

/** The file with providers and routes that instances get; undefined where there is none. */
export function configFileOf(options: StackOptions, environment: Environment): string | undefined {
  return options.config ?? environment.configFile;
}

/** Before anything is started or changed. @returns what is in it, or undefined without a file. @throws StackError */
export function checkedConfig(options: StackOptions, environment: Environment): string | undefined {
  const file = configFileOf(options, environment);
  return file === undefined ? undefined : checkConfigFile(file);
}
