import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free_port.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const SLOTS = 16_384;
const PRIMARIES = 3;

/** A node of the cluster; `primary` at the start. */
interface ClusterNode {
  port: number;
  primary: boolean;
  process: ChildProcess;
}

/** A real Redis Cluster on loopback: three primaries, each with a replica. */
export interface TestRedisCluster {
  /** All six hosts, comma separated. */
  url: string;
  nodes: ClusterNode[];
  /** Asks a node with redis-cli. */
  cli(port: number, ...args: string[]): Promise<string>;
  /** The node that now owns `key`. */
  ownerOf(key: string): Promise<ClusterNode>;
  /** Kills it, without a word to the others. Its slots have no owner until {@link succeed}. */
  kill(node: ClusterNode): Promise<void>;
  /** Has the replica of a killed primary take its place, as an election would; resolves when all others know. */
  succeed(node: ClusterNode): Promise<void>;
  /** Starts a killed one again, which then is a replica of its successor. */
  revive(node: ClusterNode): Promise<void>;
  close(): Promise<void>;
}

/** No node of a busy machine may take another one for dead: tests say which one fails, and when it has a successor. */
const NODE_TIMEOUT_MS = 600_000;

async function startNode(port: number, folder: string): Promise<ChildProcess> {
  const child = spawn('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`],
    ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--repl-diskless-sync-delay', '0'],
  ]);
  const ready = Promise.withResolvers<void>();
  child.once('error', ready.reject);
  child.once('exit', () => ready.reject(new Error(`redis-server on ${port} ended`)));
  child.stdout?.on('data', (text) => /Ready to accept/.test(String(text)) && ready.resolve());
  await ready.promise;
  return child;
}

/** What each node knows of all from its start, so that none has to meet the others first: a file of Redis Cluster. */
function writeTopology(folder: string, ports: readonly number[]): void {
  const ids = ports.map(() => randomBytes(20).toString('hex'));
  const lines = ports.map((port, at) => {
    const shard = at % PRIMARIES;
    const slots = [shard, shard + 1].map((border) => Math.ceil((border * SLOTS) / PRIMARIES));
    const role = at < PRIMARIES ? `master - 0 0 ${shard + 1} connected ${slots[0]}-${(slots[1] as number) - 1}` : '';
    return `${ids[at]} 127.0.0.1:${port}@${port + 10_000} ${role || `slave ${ids[shard]} 0 0 ${shard + 1} connected`}`;
  });
  for (const [own, port] of ports.entries()) {
    const view = lines.map((line, at) => (at === own ? line.replace(/ (master|slave) /, ' myself,$1 ') : line));
    const text = [...view, `vars currentEpoch ${PRIMARIES} lastVoteEpoch 0`, ''].join('\n');
    writeFileSync(join(folder, `nodes-${port}.conf`), text);
  }
}

export async function startRedisCluster(): Promise<TestRedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-redis-cluster-'));
  const ports: number[] = [];
  for (let at = 0; at < 2 * PRIMARIES; at += 1) ports.push(await freePort());
  writeTopology(folder, ports);
  const nodes: ClusterNode[] = await Promise.all(
    ports.map(async (port, at) => ({ port, primary: at < PRIMARIES, process: await startNode(port, folder) })),
  );
  const cli = async (port: number, ...args: string[]) =>
    (await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args])).stdout.trim();
  const alive = () => nodes.filter(({ process }) => process.exitCode === null && process.signalCode === null);
  const each = (field: string) => async () =>
    (await Promise.all(alive().map(({ port }) => cli(port, 'cluster', 'info')))).every((info) => info.includes(field));

  const primaries = nodes.filter(({ primary }) => primary);
  await until('the cluster is up', each('cluster_state:ok'));
  await until('the replicas are in step', async () => {
    const infos = await Promise.all(primaries.map(({ port }) => cli(port, 'info', 'replication')));
    return infos.every((info) => /slave0:.*state=online/.test(info));
  });

  return {
    url: `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    cli,
    async ownerOf(key) {
      const asked = alive()[0]?.port ?? 0;
      const slot = Number(await cli(asked, 'cluster', 'keyslot', key));
      const lines = (await cli(asked, 'cluster', 'nodes')).split('\n').map((line) => line.split(' '));
      const owner = lines.find(([, , flags = '', , , , , , ...ranges]) => {
        if (flags.includes('fail')) return false;
        return ranges.some((range) => {
          const [from = 0, to = from] = range.split('-').map(Number);
          return slot >= from && slot <= to;
        });
      });
      const port = Number(owner?.[1]?.split('@')[0]?.split(':')[1]);
      const found = nodes.find((node) => node.port === port);
      if (!found) throw new Error(`no node owns ${key}`);
      return found;
    },
    async kill(node) {
      node.process.kill('SIGKILL');
      await once(node.process, 'exit');
    },
    async succeed(node) {
      const of = async (port: number) =>
        (await cli(port, 'cluster', 'nodes')).split('\n').map((line) => line.split(' '));
      const known = await of(alive()[0]?.port ?? 0);
      const portOf = ([, address = '']: string[]) => Number(address.split('@')[0]?.split(':')[1]);
      const id = known.find((line) => portOf(line) === node.port)?.[0];
      const replica = known.find(([, , , primary]) => primary === id) ?? [];
      await cli(portOf(replica), 'cluster', 'failover', 'takeover');
      await until('all know the successor', async () => {
        const views = await Promise.all(alive().map(({ port }) => of(port)));
        return views.every((view) => view.find(([name]) => name === replica[0])?.[2]?.includes('master'));
      });
    },
    async revive(node) {
      node.process = await startNode(node.port, folder);
      await until('it is a replica in step', async () => {
        const info = await cli(node.port, 'info', 'replication');
        return info.includes('role:slave') && info.includes('master_link_status:up');
      });
      await until('the cluster is whole', each('cluster_state:ok'));
    },
    async close() {
      for (const { process } of alive()) {
        process.kill('SIGKILL');
        await once(process, 'exit');
      }
      rmSync(folder, { recursive: true });
    },
  };
}
