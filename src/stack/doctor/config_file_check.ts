import { WeirConfigError } from '../../config/parse_weir_config.ts';
import { describeConfigFile } from '../check_config_file.ts';
import { StackError } from '../stack_error.ts';
import { type Check, type DoctorContext, fail, ok, type Situation } from './check.ts';

/** Is the file with providers and routes one that instances take. They read it when they start, and when told to. */
export function checkConfigFileOf({ configFile }: DoctorContext, { services }: Situation): Check {
  const id = 'config_file';
  const file = configFile as string;
  try {
    return ok(id, describeConfigFile(file));
  } catch (error) {
    const runs = services.length > 0;
    const why = runs ? 'What was read before holds; the next start will fail.' : 'No instance starts with it.';
    if (error instanceof WeirConfigError) {
      const mend = `mend it (docs/routes.md), then ${runs ? './weir reload' : './weir start --all'}`;
      return fail(id, `${file} is not valid: ${error.problems.join('; ')}`, why, mend);
    }
    if (error instanceof StackError) return fail(id, error.problem, why, error.mend);
    throw error;
  }
}
