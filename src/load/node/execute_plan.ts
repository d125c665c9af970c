import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import type { LoadUser } from '../follower.ts';
import type { LoadPlan } from '../load_plan.ts';
import type { LoadRecord } from '../record.ts';
import { type GeneratorMeter, runLoad, summaryOptions } from '../run_load.ts';
import { Summary } from '../summary.ts';
import type { NodeTransportOptions } from './node_transport.ts';
import { nodeUsers } from './node_users.ts';

export interface ExecuteOptions {
  connect: NodeTransportOptions;
  /** API keys, one per user; empty: users are source addresses. */
  keys: readonly string[];
  /** Names of the instances that should be running, if known; the API lists only those that report themselves. */
  expected: readonly string[];
  signal: AbortSignal;
  /** Called when the run begins, after connecting; `elapsedMs` is the time since then. */
  onBegin: (summary: Summary, elapsedMs: () => number) => void;
  onHead?: (index: number, instance: string | null, atMs: number) => void;
  onRecord?: (record: LoadRecord) => void;
}

/**
 * Runs a plan from this process: connects the users, requests the list of instances, and measures.
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

const WITHIN_MS = 3000;

/** Names of the ready instances from Weir's API; empty for other servers. */
export async function knownInstances(baseUrl: string, { transport, headers }: LoadUser): Promise<string[]> {
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const sent = { ...headers, accept: 'application/json' };
    const answer = await transport(`${baseUrl}/cluster`, { method: 'GET', headers: sent, body: '', signal });
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of answer.body) text += decoder.decode(bytes, { stream: true });
    const { instances } = JSON.parse(text) as { instances?: { id: string; state: string }[] };
    return (instances ?? []).filter(({ state }) => state === 'ready').map(({ id }) => id);
  } catch {
    return [];
  }
}

/** Minimum of streams per HTTP/2 connection. */
const STREAMS_PER_CONNECTION = 100;
/** In shorter runs, connecting dominates the CPU time. */
const SHORT_MS = 1000;

/** Resource use of this process for the self-check. @param isMultiplexed streams share connections (HTTP/2) */
export function nodeMeter(isMultiplexed: boolean, users: number): GeneratorMeter {
  let since = { usage: cpuUsage(), atMs: performance.now() };
  return {
    fileLimit: fileLimit(),
    connections: (streams) => {
      return isMultiplexed ? Math.max(Math.min(users, streams), Math.ceil(streams / STREAMS_PER_CONNECTION)) : streams;
    },
    begin: () => {
      since = { usage: cpuUsage(), atMs: performance.now() };
    },
    cpuShare: () => {
      const { user, system } = cpuUsage(since.usage);
      const tookMs = performance.now() - since.atMs;
      return tookMs > SHORT_MS ? (user + system) / 1000 / tookMs : null;
    },
  };
}

/** The soft limit of open files; null if unknown. */
function fileLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : null;
  } catch {
    return null;
  }
}
