import path from 'node:path';
import type { StackLayout } from './stack_layout.ts';
import type { ServiceSpec } from './supervisor/service_spec.ts';

const READY_MS = 20_000;
const STOP_MS = 5000;
/** Three primaries and a replica for each: the smallest cluster that outlives the death of any one. */
export const CLUSTER_NODES = 6;
/** After this time without an answer a primary counts as dead, and its replica takes over. */
export const NODE_TIMEOUT_MS = 2000;
/** A dead primary that came back at once would be an empty one: its replica has to take over first. */
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
