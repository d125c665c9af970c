import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free_port.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const SLOTS = 16_384;

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
  /** Kills it, without a word to the others. */
  kill(node: ClusterNode): Promise<void>;
  /** Starts a killed one again, which then is a replica of its successor. */
  revive(node: ClusterNode): Promise<void>;
  close(): Promise<void>;
}

async function startNode(port: number, folder: string): Promise<ChildProcess> {
  const child = spawn('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`, '--cluster-node-timeout', '1000'],
  ]);
  const ready = Promise.withResolvers<void>();
  child.once('error', ready.reject);
  child.once('exit', () => ready.reject(new Error(`redis-server on ${port} ended`)));
  child.stdout?.on('data', (text) => /Ready to accept/.test(String(text)) && ready.resolve());
  await ready.promise;
  return child;
}

export async function startRedisCluster(): Promise<TestRedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-redis-cluster-'));
  const nodes: ClusterNode[] = [];
  for (let at = 0; at < 6; at += 1) {
    const port = await freePort();
    nodes.push({ port, primary: at < 3, process: await startNode(port, folder) });
  }
  const cli = async (port: number, ...args: string[]) =>
    (await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args])).stdout.trim();
  const alive = () => nodes.filter(({ process }) => process.exitCode === null && process.signalCode === null);
  const each = (field: string) => async () =>
    (await Promise.all(alive().map(({ port }) => cli(port, 'cluster', 'info')))).every((info) => info.includes(field));

  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  for (const { port } of others) await cli(first.port, 'cluster', 'meet', '127.0.0.1', String(port));
  const primaries = nodes.filter(({ primary }) => primary);
  for (const [at, { port }] of primaries.entries()) {
    await cli(port, 'cluster', 'set-config-epoch', String(at + 1)).catch(() => '');
    const from = Math.ceil((at * SLOTS) / 3);
    const to = Math.ceil(((at + 1) * SLOTS) / 3) - 1;
    await cli(port, 'cluster', 'addslotsrange', String(from), String(to));
  }
  await until('all nodes know each other', each('cluster_known_nodes:6'));
  for (const [at, { port }] of nodes.filter(({ primary }) => !primary).entries()) {
    const id = await cli(primaries[at]?.port ?? 0, 'cluster', 'myid');
    await until('it takes its replica', async () => (await cli(port, 'cluster', 'replicate', id)) === 'OK');
  }
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
