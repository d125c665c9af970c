import { runPhases } from '../stack/phases.ts';
import { StackError, UsageError } from '../stack/stack_error.ts';
import type { StackLayout } from '../stack/stack_layout.ts';
import {
  DEFAULT_STACK_OPTIONS,
  differingOptions,
  exposureProblem,
  mergeOptions,
  optionFlag,
  optionProblems,
  type StackOptions,
} from '../stack/stack_options.ts';
import { takeStartLock } from '../stack/start_lock.ts';
import { closingWords } from './closing_words.ts';
import { loginPath } from './dashboard_command.ts';
import type { Environment } from './environment.ts';
import { print, reporter, say } from './reporter.ts';
import { checkedConfig, driverFor, keptOptions, layoutOf } from './stack_access.ts';

function refuseDifference(asked: Partial<StackOptions>, running: StackOptions): void {
  const differing = differingOptions(asked, running);
  if (differing.length === 0) return;
  if (differing.length === 1 && differing[0] === 'instances' && running.all) {
    const fix = `change that without a gap with "./weir scale ${asked.instances}"`;
    throw new StackError(`the stack runs already, with --instances ${running.instances}`, fix);
  }
  const list = differing.map((name) => `${optionFlag(name)} ${running[name] ?? 'not set'}`).join(', ');
  const flags = differing.map((name) => `${optionFlag(name)} ${asked[name]}`).join(' ');
  throw new StackError(`the stack runs already, with ${list}`, `change that with "./weir restart ${flags}"`);
}

/** Runs the phases; Ctrl-C undoes them. Returns the exit code. */
async function bringUp(options: StackOptions, environment: Environment): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const show = await reporter();
  try {
    await runPhases(driverFor(options, environment, show.note).startPhases(), show, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    say('interrupted; everything that was started has been stopped');
    return 130;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  await sayWhatNext(options, layoutOf(environment));
  return 0;
}

async function sayWhatNext(options: StackOptions, layout: StackLayout): Promise<void> {
  const login = options.all ? await loginPath(layout, options).catch(() => undefined) : undefined;
  print(closingWords(options, layout, login));
}

/** @param before the options of the last start, where those go on */
function mustBeValid(asked: Partial<StackOptions>, before: StackOptions, environment: Environment): StackOptions {
  const options = mergeOptions(before, asked);
  const exposure = exposureProblem(options, asked, before);
  const problems = [...optionProblems(options), ...(exposure === undefined ? [] : [exposure])];
  if (problems.length > 0) throw new UsageError(problems.join('; '), 'see ./weir start --help');
  const config = checkedConfig(options, environment);
  if (config !== undefined) say(config);
  return options;
}

async function startLocked(asked: Partial<StackOptions>, environment: Environment): Promise<number> {
  const layout = layoutOf(environment);
  const kept = keptOptions(layout);
  const driver = kept && driverFor(kept, environment);
  const runs = (await driver?.runState()) ?? 'no';
  if (!kept || runs === 'no') return bringUp(mergeOptions(DEFAULT_STACK_OPTIONS, asked), environment);
  refuseDifference(asked, kept);
  const options = { ...kept, all: kept.all || asked.all === true };
  if (runs === 'yes' && options.all === kept.all) {
    say('the stack runs already; nothing to do');
    await sayWhatNext(kept, layout);
    return 0;
  }
  say(runs === 'yes' ? 'adding instances and dashboard' : 'an earlier start did not finish; starting again');
  // Running instances may have streams: an instance that did not come back from a rolling restart looks the same.
  await driver?.stop(false);
  return bringUp(options, environment);
}

/** `start`: starts the stack, or says why it can not and leaves nothing behind. Returns the exit code. */
export async function startCommand(asked: Partial<StackOptions>, environment: Environment): Promise<number> {
  mustBeValid(asked, DEFAULT_STACK_OPTIONS, environment);
  const unlock = takeStartLock(layoutOf(environment).state);
  try {
    return await startLocked(asked, environment);
  } finally {
    unlock();
  }
}

/** `stop`: ends everything; a stack that does not run counts as stopped. */
export async function stopCommand(now: boolean, environment: Environment): Promise<number> {
  const options = keptOptions(layoutOf(environment)) ?? DEFAULT_STACK_OPTIONS;
  const driver = driverFor(options, environment);
  const services = await driver.status();
  const isWatched = services.some(({ state }) => state !== 'unwatched');
  if (services.length > 0) say(now || !isWatched ? 'stopping' : 'stopping; open streams may finish');
  const ran = await driver.stop(now);
  say(ran ? 'stopped' : 'nothing was running');
  return 0;
}

/** `restart [service]`: one service, or everything with the options of the last start and those given now. */
export async function restartCommand(
  service: string | undefined,
  asked: Partial<StackOptions>,
  environment: Environment,
): Promise<number> {
  const layout = layoutOf(environment);
  const kept = keptOptions(layout) ?? { ...DEFAULT_STACK_OPTIONS, all: true };
  const driver = driverFor(kept, environment);
  if (service !== undefined) {
    await driver.restart(service);
    say(`${service} is back`);
    return 0;
  }
  const options = mustBeValid(asked, kept, environment);
  const unlock = takeStartLock(layout.state);
  try {
    if ((await driver.status()).length > 0) say('stopping; open streams may finish');
    await driver.stop(false);
    return await bringUp(options, environment);
  } finally {
    unlock();
  }
}
