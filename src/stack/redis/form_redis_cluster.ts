import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { StackError } from '../stack_error.ts';
import { redisNodeName } from './redis_specs.ts';

const SLOTS = 16_384;
const WITHIN_MS = 20_000;
const POLL_MS = 50;
const COMMAND_MS = 5000;

/** Waits until `look` finds nothing missing; otherwise throws what is missing. */
async function untilNothingIsMissing(look: () => Promise<string | undefined>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const missing = await look();
    if (missing === undefined) return;
    if (Date.now() > deadline) throw new Error(missing);
    await delay(POLL_MS);
  }
}

async function firstThat(nodes: Redis[], isMissing: (node: Redis) => Promise<boolean>): Promise<number> {
  const missing = await Promise.all(nodes.map(isMissing));
  return missing.indexOf(true);
}

async function allHaveMet(nodes: Redis[]): Promise<string | undefined> {
  const index = await firstThat(nodes, async (node) => {
    const lines = String(await node.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n');
    return lines.length < nodes.length || lines.some((line) => line.includes('handshake'));
  });
  return index < 0 ? undefined : `${redisNodeName(index)} does not know all others`;
}

async function allAreInStep(nodes: Redis[]): Promise<string | undefined> {
  const index = await firstThat(nodes, async (node) => {
    const [cluster, replication] = await Promise.all([node.call('CLUSTER', 'INFO'), node.info('replication')]);
    return !String(cluster).includes('cluster_state:ok') || replication.includes('master_link_status:down');
  });
  return index < 0 ? undefined : `${redisNodeName(index)} is not synchronised`;
}

async function form(nodes: Redis[], ports: number[]): Promise<void> {
  const primaries = nodes.slice(0, nodes.length / 2);
  const share = Math.ceil(SLOTS / primaries.length);
  await Promise.all(nodes.map((node, index) => node.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)));
  await Promise.all(
    primaries.map((node, index) => {
      const from = index * share;
      const slots = Array.from({ length: Math.min(share, SLOTS - from) }, (_, offset) => from + offset);
      return node.call('CLUSTER', 'ADDSLOTS', ...slots);
    }),
  );
  for (const port of ports.slice(1)) await nodes[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port);
  await untilNothingIsMissing(() => allHaveMet(nodes));
  const ids = await Promise.all(primaries.map((node) => node.call('CLUSTER', 'MYID')));
  const replicas = nodes.slice(primaries.length);
  await Promise.all(replicas.map((node, index) => node.call('CLUSTER', 'REPLICATE', String(ids[index]))));
  await untilNothingIsMissing(() => allAreInStep(nodes));
}

/**
 * Forms a cluster from the empty nodes at these ports of 127.0.0.1: the first half are primaries with all slots, the
 * others are their replicas. Resolves when every node reports that it is ready. Throws a {@link StackError}.
 */
export async function formRedisCluster(ports: number[]): Promise<void> {
  const nodes = ports.map((port) => {
    const node = new Redis({
      host: '127.0.0.1',
      port,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_MS,
    });
    // Each command reports it.
    return node.on('error', () => undefined);
  });
  try {
    await form(nodes, ports);
  } catch (error) {
    const fix = 'see ./weir logs redis-1, or start with --redis single';
    throw new StackError(`the Redis Cluster could not be formed (${(error as Error).message})`, fix);
  } finally {
    for (const node of nodes) node.disconnect();
  }
}
