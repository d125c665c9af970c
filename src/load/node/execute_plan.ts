import type { LoadPlan } from '../load_plan.ts';
import type { LoadRecord } from '../record.ts';
import { runLoad, summaryOptions } from '../run_load.ts';
import { Summary } from '../summary.ts';
import { knownInstances } from './known_instances.ts';
import { nodeMeter } from './node_meter.ts';
import type { NodeTransportOptions } from './node_transport.ts';
import { nodeUsers } from './node_users.ts';

export interface ExecuteOptions {
  connect: NodeTransportOptions;
  /** API keys, a user each; none: users are source addresses. */
  keys: readonly string[];
  /** Names of those that there should be, where that is known here; the API knows only those that announce themselves. */
  expected: readonly string[];
  signal: AbortSignal;
  /** Called when everything is connected and the run begins; `elapsedMs` tells how long it runs. */
  onBegin: (summary: Summary, elapsedMs: () => number) => void;
  onHead?: (index: number, instance: string | null, atMs: number) => void;
  onRecord?: (record: LoadRecord) => void;
}

/**
 * Runs a plan from this process: connects the users, asks the API for its instances, and measures.
 * @throws TooFewIdentities
 */
export async function executePlan(plan: LoadPlan, options: ExecuteOptions): Promise<Summary> {
  const { connect, keys, expected, signal, onBegin, onHead, onRecord } = options;
  const users = nodeUsers(plan.url, plan.users, keys, connect);
  try {
    const isBalanced = plan.target?.kind !== 'instance';
    const announced = plan.api === 'weir' && isBalanced ? await knownInstances(plan.url, users.as(0)) : [];
    const instances = isBalanced ? [...new Set([...expected, ...announced])] : [];
    await users.warm(Math.min(plan.users, streamsAtOnce(plan)), signal);
    const summary = new Summary({ ...summaryOptions(plan), instances });
    const startedAt = performance.now();
    onBegin(summary, () => performance.now() - startedAt);
    const isMultiplexed = plan.url.startsWith('https:') && connect.http1 !== true && connect.socketPath === undefined;
    await runLoad(plan, {
      summary,
      as: users.as,
      meter: nodeMeter(isMultiplexed, plan.users),
      signal,
      onHead,
      onRecord,
    });
    return summary;
  } finally {
    users.close();
  }
}

function streamsAtOnce({ mode }: LoadPlan): number {
  if (mode.kind === 'open') return mode.maxInFlight;
  return mode.kind === 'closed' ? mode.concurrency : mode.startConcurrency;
}
