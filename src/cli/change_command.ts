import { type Phase, runPhases } from '../stack/phases.ts';
import type { StackDriver } from '../stack/stack_driver.ts';
import { StackError, UsageError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS, optionFlag, type StackOptions, stackOptionsSchema } from '../stack/stack_options.ts';
import { takeStartLock } from '../stack/start_lock.ts';
import type { Environment } from './environment.ts';
import { reporter, say } from './reporter.ts';
import { checkedConfig, driverFor, keptOptions, layoutOf } from './stack_access.ts';

/**
 * Runs the phases of a change to a running stack. Ctrl-C stops before the next phase; the current one is finished.
 * Returns the number of phases, or undefined when it was interrupted.
 */
async function changeStack(
  environment: Environment,
  plan: (driver: StackDriver) => Promise<Phase[]>,
): Promise<number | undefined> {
  const layout = layoutOf(environment);
  const show = reporter();
  const interrupt = new AbortController();
  const onSignal = () => {
    if (!interrupt.signal.aborted) show.note('interrupted; finishing the current step first');
    interrupt.abort();
  };
  const unlock = takeStartLock(layout.state);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const options = keptOptions(layout) ?? DEFAULT_STACK_OPTIONS;
    // New processes do not start with a broken configuration.
    checkedConfig(options, environment);
    const phases = await plan(driverFor(options, environment, show.note));
    await runPhases(phases, show, interrupt.signal);
    return phases.length;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    say('interrupted; ./weir status shows the result so far');
    return undefined;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    unlock();
  }
}

/** `restart --rolling`: one instance after another, without a gap. Returns the exit code. */
export async function rollingRestartCommand(
  service: string | undefined,
  asked: Partial<StackOptions>,
  environment: Environment,
): Promise<number> {
  if (service !== undefined) {
    throw new UsageError(
      '--rolling is for all instances',
      `to restart one without a gap, use ./weir restart ${service}`,
    );
  }
  const changes = (Object.keys(asked) as (keyof StackOptions)[]).map(optionFlag);
  if (changes.length > 0) {
    throw new UsageError(
      `--rolling keeps the options of the stack, so it does not accept ${changes.join(', ')}`,
      'use ./weir restart',
    );
  }
  if ((await changeStack(environment, (driver) => driver.rollingRestart())) === undefined) return 130;
  say('all instances were restarted');
  return 0;
}

/** `scale N`: changes the number of instances while streams run. Returns the exit code. */
export async function scaleCommand(instances: number, environment: Environment): Promise<number> {
  if (!stackOptionsSchema.shape.instances.safeParse(instances).success) {
    throw new UsageError(`${instances} is not a valid number of instances`, 'choose one from 1 to 64');
  }
  const changed = await changeStack(environment, (driver) => driver.scale(instances));
  if (changed === undefined) return 130;
  const count = instances === 1 ? 'there is one instance' : `there are ${instances} instances`;
  say(changed === 0 ? `${count} already; nothing to do` : count);
  return 0;
}

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
      `they keep the previous one; see ./weir logs ${failed[0]?.name}`,
    );
  }
  say(`${found}; no stream was cut`);
  return 0;
}
