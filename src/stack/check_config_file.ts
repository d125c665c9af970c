import { readFileSync } from 'node:fs';
import { parseWeirConfig, WeirConfigError } from '../protocol/parse_weir_config.ts';
import { StackError } from './stack_error.ts';

/**
 * Reads `weir.config.yaml` as the instances will.
 * @returns what is in it, as a sentence
 * @throws StackError with all of its problems, a line each
 */
export function checkConfigFile(file: string): string {
  try {
    const { providers, routes } = parseWeirConfig(readFileSync(file, 'utf8'), file);
    const count = (part: object, name: string) =>
      `${Object.keys(part).length} ${name}${Object.keys(part).length === 1 ? '' : 's'}`;
    return `${file} has ${count(providers, 'provider')} and ${count(routes, 'route')}`;
  } catch (error) {
    if (error instanceof WeirConfigError) {
      throw new StackError(`${error.message}\nnothing was changed`, 'mend these lines; docs/routes.md explains them');
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StackError(`${file} can not be read (${code ?? message})`, 'name another one with --config FILE');
  }
}
