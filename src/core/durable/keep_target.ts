import type { RouteTarget } from '../routing/selected_route.ts';
import type { DurableCore } from './durable_core.ts';
import { keepUntilWritten } from './keep_run.ts';
import type { Thread } from './thread.ts';

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
