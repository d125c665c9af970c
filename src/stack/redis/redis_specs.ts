import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { portProblem } from '../machine/port_problem.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { ServiceSpec } from '../supervisor/service_spec.ts';

const READY_MS = 20_000;
const STOP_MS = 5000;
/** Three primaries with a replica each: the smallest cluster that survives the loss of any node. */
export const CLUSTER_NODES = 6;
/** After this time without an answer a primary counts as dead, and its replica takes over. */
export const NODE_TIMEOUT_MS = 2000;
/** A dead primary must not come back at once, because it would be empty: its replica has to take over first. */
const RESTART_NODE_AFTER_MS = 5000;

/** Socket of the stack's own single Redis. */
export function redisSocket(layout: StackLayout): string {
  return path.join(layout.privateRun, 'redis.sock');
}

/** `redis-1` to `redis-6`. */
export function redisNodeName(index: number): string {
  return `redis-${index + 1}`;
}

/** Folder of a node: its configuration, and what it knows of the others. */
export function redisNodeFolder(layout: StackLayout, index: number): string {
  return path.join(layout.redisData, redisNodeName(index));
}

/** Address of the stack's own Redis: its socket, or the hosts of its cluster, comma separated. */
export function ownRedisUrl(layout: StackLayout, ports: number[] | undefined): string {
  return ports ? ports.map((port) => `redis://127.0.0.1:${port}`).join(',') : `unix://${redisSocket(layout)}`;
}

function single(layout: StackLayout, command: string): ServiceSpec {
  const socket = redisSocket(layout);
  return {
    name: 'redis',
    kind: 'redis',
    command,
    args: [layout.redisConf],
    cwd: layout.state,
    env: {},
    logFile: path.join(layout.logs, 'redis.log'),
    address: `unix:${socket}`,
    sockets: [socket],
    health: { kind: 'redis', path: socket },
    readyWithinMs: READY_MS,
    stopWithinMs: STOP_MS,
  };
}

function node(layout: StackLayout, command: string, port: number, index: number): ServiceSpec {
  const name = redisNodeName(index);
  const folder = redisNodeFolder(layout, index);
  return {
    name,
    kind: 'redis',
    command,
    args: [path.join(folder, 'redis.conf')],
    cwd: folder,
    env: {},
    logFile: path.join(layout.logs, `${name}.log`),
    address: `redis://127.0.0.1:${port}`,
    sockets: [],
    health: { kind: 'redis', port },
    readyWithinMs: READY_MS,
    stopWithinMs: STOP_MS,
    restartAfterMs: RESTART_NODE_AFTER_MS,
  };
}

/** The stack's own Redis: one process, or with `ports` one for each of them. */
export function redisSpecs(layout: StackLayout, command: string, ports: number[] | undefined): ServiceSpec[] {
  return ports ? ports.map((port, index) => node(layout, command, port, index)) : [single(layout, command)];
}

/** For slots and streams: memory only, and no eviction of data that is still needed. */
const ALWAYS = ['daemonize no', 'save ""', 'appendonly no', 'maxmemory-policy noeviction'];

const HEAD = '# Redis of this stack. Written at every start; changes made here are lost.';

function singleConf(layout: StackLayout): string[] {
  return [
    HEAD,
    'port 0',
    `unixsocket "${redisSocket(layout)}"`,
    'unixsocketperm 700',
    `dir "${layout.redisData}"`,
    ...ALWAYS,
  ];
}

function nodeConf(folder: string, port: number): string[] {
  return [
    HEAD,
    'bind 127.0.0.1',
    `port ${port}`,
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    // Replicas synchronise at once, because they may be needed at once.
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    `dir "${folder}"`,
    ...ALWAYS,
  ];
}

/** Writes the configuration of the stack's own Redis; nodes of a cluster start without knowledge of other nodes. */
export function writeRedisConf(layout: StackLayout, ports: number[] | undefined): void {
  const write = (file: string, lines: string[]) => writeFileSync(file, [...lines, ''].join('\n'), { mode: 0o600 });
  if (!ports) write(layout.redisConf, singleConf(layout));
  for (const [index, port] of (ports ?? []).entries()) {
    const folder = redisNodeFolder(layout, index);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    write(path.join(folder, 'redis.conf'), nodeConf(folder, port));
  }
}

const FIRST = 7101;
const LAST = 7991;
const STEP = 10;
/** Fixed by Redis: nodes talk to each other on the clients' port plus this number. */
const BUS_OFFSET = 10_000;

/** Ports for the nodes of a cluster, one after another, whose bus ports are free too. Throws with the owner of the first ones. */
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
  throw new StackError(what, 'free some of them, or start with --redis single');
}
