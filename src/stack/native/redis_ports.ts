import { portProblem } from '../machine/port_check.ts';
import { CLUSTER_NODES } from '../redis_specs.ts';
import { StackError } from '../stack_error.ts';

const FIRST = 7101;
const LAST = 7991;
const STEP = 10;
/** Redis' own: nodes speak with each other that many ports above the clients'. */
const BUS_OFFSET = 10_000;

/** Ports for the nodes of a cluster, one after another, whose bus ports are free too. Throws who has the first ones. */
export async function freeRedisPorts(): Promise<number[]> {
  let first: StackError | undefined;
  for (let base = FIRST; base <= LAST; base += STEP) {
    const ports = Array.from({ length: CLUSTER_NODES }, (_, index) => base + index);
    const all = [...ports, ...ports.map((port) => port + BUS_OFFSET)];
    const problem = await portProblem(all.map((port) => ({ port, host: '127.0.0.1', flag: '--redis' })));
    if (!problem) return ports;
    first ??= problem;
  }
  const what = `there are no six free ports for a Redis Cluster from ${FIRST} to ${LAST} (${first?.problem})`;
  throw new StackError(what, 'stop what has them, or start with --redis single');
}
