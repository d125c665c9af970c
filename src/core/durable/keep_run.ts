import type { RouteTarget } from '../routing/selected_route.ts';
import type { DurableCore } from './durable_core.ts';
import type { Thread } from './thread.ts';

const RETRY_MS = 500;

/**
 * Keeps the name under which the provider runs a thread's answer. Providers wait for this before they give any text on,
 * and that order matters: text can be committed as soon as it is given on, and committed text whose run is not known can
 * only end as `producer_lost`. A run that is known and has no text yet is simply read from its start.
 *
 * A store that is away is not waited for: text then goes unlogged too, and the name is written when it is back.
 */
export function keepRun(core: DurableCore, thread: Thread, run: string): Promise<void> {
  return keepUntilWritten(thread, () => {
    // A thread that moves to a new boot gets a new record.
    thread.record.providerRun = run;
    return core.store.setProviderRun(thread.record, run).catch(() => false);
  });
}

/** Waits for one try; where that fails, others follow for as long as the thread runs here. */
export async function keepUntilWritten(thread: Thread, write: () => Promise<boolean>): Promise<void> {
  if (!(await write())) void keepLater(thread, write);
}

async function keepLater(thread: Thread, write: () => Promise<boolean>): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
  while (!thread.over && !thread.gone && !(await write()));
}

/**
 * Keeps the target that is asked for a thread's answer from now on, before it is: an instance that takes the thread over
 * goes on with the provider that gave the text, and no other.
 */
export function keepTarget(core: DurableCore, thread: Thread, { provider, model }: RouteTarget): Promise<void> {
  return keepUntilWritten(thread, () => {
    // A thread that moves to a new boot gets a new record.
    const { record } = thread;
    record.provider = provider;
    record.model = model;
    delete record.providerRun;
    return core.store.setTarget(record).catch(() => false);
  });
}
