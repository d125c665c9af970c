import { type Phase, runPhases } from '../stack/phases.ts';
import type { StackDriver } from '../stack/stack_driver.ts';
import { UsageError } from '../stack/stack_error.ts';
import { DEFAULT_STACK_OPTIONS, optionFlag, type StackOptions, stackOptionsSchema } from '../stack/stack_options.ts';
import { takeStartLock } from '../stack/start_lock.ts';
import type { Environment } from './environment.ts';
import { reporter, say } from './reporter.ts';
import { driverFor, keptOptions, layoutOf } from './stack_access.ts';

/** Runs what changes a running stack. Ctrl-C ends it before the next phase; what has begun goes on by itself. */
async function changeStack(
  environment: Environment,
  phases: (driver: StackDriver, kept: StackOptions) => Promise<Phase[]>,
): Promise<boolean> {
  const layout = layoutOf(environment);
  const kept = keptOptions(layout) ?? DEFAULT_STACK_OPTIONS;
  const show = reporter();
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  const unlock = takeStartLock(layout.state);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await runPhases(await phases(driverFor(kept, environment, show.note), kept), show, interrupt.signal);
    return true;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    say('interrupted; what had begun was brought to its end, see ./weir status');
    return false;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    unlock();
  }
}

/** `restart --rolling`: one instance after another, so that nobody notices. Returns the exit code. */
export async function rollingRestartCommand(
  service: string | undefined,
  asked: Partial<StackOptions>,
  environment: Environment,
): Promise<number> {
  if (service !== undefined) {
    throw new UsageError(
      '--rolling is for all instances',
      `restart one, without a gap too, with ./weir restart ${service}`,
    );
  }
  const changes = (Object.keys(asked) as (keyof StackOptions)[]).map(optionFlag);
  if (changes.length > 0) {
    throw new UsageError(
      `--rolling keeps the options of the stack, so it takes no ${changes.join(', ')}`,
      'use ./weir restart',
    );
  }
  if (!(await changeStack(environment, (driver) => driver.rollingRestart()))) return 130;
  say('every instance is new');
  return 0;
}

/** `scale N`: that many instances, while streams run. Returns the exit code. */
export async function scaleCommand(instances: number, environment: Environment): Promise<number> {
  if (!stackOptionsSchema.shape.instances.safeParse(instances).success) {
    throw new UsageError(`there can not be ${instances} instances`, 'take a number from 1 to 64');
  }
  let before = 0;
  const done = await changeStack(environment, async (driver, kept) => {
    before = kept.instances;
    const phases = await driver.scale(instances);
    return before === instances ? [] : phases;
  });
  if (!done) return 130;
  say(before === instances ? `there are ${instances} instances; nothing to do` : `${before} → ${instances} instances`);
  return 0;
}
