import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);

/** What `start` was asked for; kept in `options.json` so that later commands know the stack they talk to. */
export const stackOptionsSchema = z.object({
  /** Instances and dashboard too, not NGINX and Redis alone. */
  all: z.boolean(),
  driver: z.enum(['native', 'compose']),
  instances: z.number().int().min(1).max(64),
  httpsPort: port,
  httpPort: port,
  dashboardPort: port,
  /** An own Redis, one server or a cluster; else the stack starts one. */
  redisUrl: z
    .string()
    .regex(
      /^(unix:\/\/.+|rediss?:\/\/[^,\s]+(,[^,\s]+)*)$/,
      'takes redis://host:port, rediss://… or unix:///path; several hosts, comma separated, are a cluster',
    )
    .optional(),
  /** The stack's own Redis: one process, or a cluster of six, for trying. */
  redis: z.enum(['single', 'cluster']).default('single'),
  /** Address that NGINX and the dashboard listen on. */
  bind: z.union([z.ipv4(), z.ipv6()], 'takes an IP address, such as 127.0.0.1 or 0.0.0.0'),
  /** Streams of one user, where `poolScope` says. */
  maxPerUser: z.number().int().min(1).max(1_000_000),
  /** Streams in all, where `poolScope` says. */
  maxConnections: z.number().int().min(1).max(1_000_000),
  /** Whether limits count on each instance or over all of them. */
  poolScope: z.enum(['instance', 'cluster']),
  /** Whether clients need a key. */
  auth: z.enum(['none', 'keys']).default('none'),
  /** File with providers and routes, instead of weir.config.yaml in the project's folder. */
  config: z.string().min(1).optional(),
  identityHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'takes the name of a header, such as X-User-Id')
    .optional(),
});
export type StackOptions = z.infer<typeof stackOptionsSchema>;

/** Default for streams of one user. Over the cluster: as many as three instances with three each. */
const MAX_PER_USER = { instance: 3, cluster: 9 };

/** Defaults. */
export const DEFAULT_STACK_OPTIONS: StackOptions = {
  all: false,
  driver: 'native',
  instances: 3,
  httpsPort: 443,
  httpPort: 80,
  dashboardPort: 3001,
  redis: 'single',
  bind: '127.0.0.1',
  maxPerUser: MAX_PER_USER.instance,
  maxConnections: 10_000,
  poolScope: 'instance',
  auth: 'none',
};

/**
 * `base` with the options in `asked` on top. The limit per user follows the scope, unless it was set. `auth: keys` sets
 * the scope to `cluster`, which its limits need; turning it off resets the scope.
 */
export function mergeOptions(base: StackOptions, asked: Partial<StackOptions>): StackOptions {
  const auth = asked.auth ?? base.auth;
  const poolScope = auth === base.auth ? base.poolScope : auth === 'keys' ? 'cluster' : DEFAULT_STACK_OPTIONS.poolScope;
  const merged = { ...base, poolScope, ...asked };
  if (asked.maxPerUser !== undefined || base.maxPerUser !== MAX_PER_USER[base.poolScope]) return merged;
  return { ...merged, maxPerUser: MAX_PER_USER[merged.poolScope] };
}

/** Streams that all instances together may have at once. */
export function streamTotal({ poolScope, instances, maxConnections }: StackOptions): number {
  return poolScope === 'cluster' ? maxConnections : instances * maxConnections;
}

/** How the command line spells an option: `httpsPort` → `--https-port`. */
export function optionFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Checks what can be checked without looking at the machine; all problems at once, as sentences. */
export function optionProblems(options: StackOptions): string[] {
  const parsed = stackOptionsSchema.safeParse(options);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${optionFlag(String(issue.path[0]))}: ${issue.message}`);
  if (options.redis === 'cluster' && options.redisUrl !== undefined) {
    problems.push('--redis cluster starts servers of its own; leave it out, or leave out --redis-url');
  }
  if (options.auth === 'keys' && options.poolScope === 'instance') {
    problems.push('--auth keys has limits that count over all instances; leave out --pool-scope instance');
  }
  if (options.auth === 'keys' && options.identityHeader !== undefined) {
    problems.push('--auth keys identifies users by their keys; leave out --identity-header');
  }
  const ports = [options.httpPort, options.httpsPort, options.dashboardPort];
  if (new Set(ports).size < ports.length) {
    problems.push('--http-port, --https-port and --dashboard-port must be three different ports');
  }
  if (options.driver === 'compose') {
    const fixed = ['instances', 'httpsPort', 'httpPort', 'dashboardPort', 'bind', 'redisUrl', 'all'] as const;
    const wanted: StackOptions = { ...DEFAULT_STACK_OPTIONS, all: true };
    const other = fixed.filter((name) => options[name] !== wanted[name]);
    if (other.length > 0) {
      const flags = other.map((name) => (name === 'all' ? '--all (which it needs)' : optionFlag(name)));
      problems.push(
        `--driver compose uses docker-compose.yml as it is; it does not accept other values of ${flags.join(', ')}`,
      );
    }
  }
  return problems;
}

/** Addresses that only this machine reaches. */
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/**
 * Refuses a network without keys, unless the user has said so: now, or when the stack that `before` describes was started.
 * Containers are reached as docker-compose.yml says.
 */
export function exposureProblem(
  options: StackOptions,
  asked: Partial<StackOptions>,
  before: StackOptions = DEFAULT_STACK_OPTIONS,
): string | undefined {
  const isOpen = ({ bind, auth }: StackOptions) => auth === 'none' && !LOOPBACK.test(bind);
  if (!isOpen(options) || asked.auth === 'none') return undefined;
  if (isOpen(before) && before.bind === options.bind) return undefined;
  return `--bind ${options.bind} lets a network use your providers without a key; add --auth keys, or --auth none if that is what you want`;
}

/** Names of the options in which `asked` differs from what runs; `all` asked for less than runs is no difference. */
export function differingOptions(asked: Partial<StackOptions>, running: StackOptions): (keyof StackOptions)[] {
  return (Object.keys(asked) as (keyof StackOptions)[]).filter((name) => {
    return name !== 'all' && asked[name] !== undefined && asked[name] !== running[name];
  });
}
