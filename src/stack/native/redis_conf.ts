import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NODE_TIMEOUT_MS, redisNodeFolder, redisSocket } from '../redis_specs.ts';
import type { StackLayout } from '../stack_layout.ts';

/** For slots and streams: memory only, and never throwing away what somebody still needs. */
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
    // A replica is in step as soon as it can be: it may be needed at once.
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    `dir "${folder}"`,
    ...ALWAYS,
  ];
}

/** Writes the configuration of the stack's own Redis; a cluster's nodes forget whom they knew. */
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
