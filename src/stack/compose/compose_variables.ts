import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CLUSTER_NODES, redisNodeName } from '../redis/redis_specs.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';
import { MOUNTED_CONFIG } from './container_files.ts';
import type { Account } from './private_files.ts';

/** Redis as the instances of docker-compose.yml reach it: one, or with the profile `redis-cluster` six. */
export const COMPOSE_REDIS_URL = 'redis://redis:6379';
export const COMPOSE_CLUSTER_URL = Array.from({ length: CLUSTER_NODES }, (_, index) => {
  return `redis://${redisNodeName(index)}:6379`;
}).join(',');

/** After the drain: two seconds in which new requests are still served, and the last log lines. */
const STOP_MARGIN_SECONDS = 10;
/** Shared by the containers of one start, and unknown to others on their network. */
const PEER_SECRET = randomBytes(24).toString('base64url');

/** Everything that variables are made from. */
interface VariablesContext {
  layout: StackLayout;
  options: StackOptions;
  drainSeconds: number;
  configFile: string | undefined;
}

/** The variables of docker-compose.yml that describe this stack; all others come from the environment. */
export function composeVariables(
  { layout, options, drainSeconds, configFile }: VariablesContext,
  { uid, gid }: Account,
): Record<string, string> {
  return {
    WEIR_CONTAINERS: layout.containers,
    WEIR_CERTIFICATES: path.dirname(layout.certificates.certificate),
    WEIR_USER: `${uid}:${gid}`,
    // Paths of this machine do not exist inside.
    WEIR_CONFIG: configFile === undefined ? '' : MOUNTED_CONFIG,
    AUTH_MODE: options.auth,
    PEER_SECRET,
    POOL_SCOPE: options.poolScope,
    MAX_CONNECTIONS: String(options.maxConnections),
    MAX_CONNECTIONS_PER_USER: String(options.maxPerUser),
    IDENTITY_HEADER: options.identityHeader ?? '',
    REDIS_URL: options.redis === 'cluster' ? COMPOSE_CLUSTER_URL : COMPOSE_REDIS_URL,
    DRAIN_SECONDS: String(drainSeconds),
    STOP_GRACE_PERIOD: `${drainSeconds + STOP_MARGIN_SECONDS}s`,
  };
}
