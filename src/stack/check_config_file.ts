import { readFileSync } from 'node:fs';
import { parseWeirConfig, WeirConfigError } from '../config/parse_weir_config.ts';
import { StackError } from './stack_error.ts';

/**
 * Reads `weir.config.yaml` as the instances will.
 * @returns what is in it, as a sentence
 * @throws WeirConfigError with all of its problems, StackError where it can't be read
 */
export function describeConfigFile(file: string): string {
  const { providers, routes } = parseWeirConfig(textOf(file), file);
  const count = (part: object, name: string) =>
    `${Object.keys(part).length} ${name}${Object.keys(part).length === 1 ? '' : 's'}`;
  return `${file} has ${count(providers, 'provider')} and ${count(routes, 'route')}`;
}

/**
 * The same, for a command that is about to give the file to the instances.
 * @throws StackError with all problems, a line each
 */
export function checkConfigFile(file: string): string {
  try {
    return describeConfigFile(file);
  } catch (error) {
    if (!(error instanceof WeirConfigError)) throw error;
    throw new StackError(`${error.message}\nnothing was changed`, 'fix these lines; docs/routes.md explains them');
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StackError(`${file} can not be read (${code ?? message})`, 'name another one with --config FILE');
  }
}
