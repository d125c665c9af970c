/** Where Redis is: a socket, one server, or some nodes of a Redis Cluster. */
export type RedisAddress =
  | { kind: 'socket'; path: string }
  | { kind: 'server'; url: string }
  | {
      kind: 'cluster';
      nodes: { host: string; port: number }[];
      username: string | undefined;
      password: string | undefined;
      tls: boolean;
    };

const DEFAULT_PORT = 6379;

/**
 * @param url `unix:///path`, `redis://…` or `rediss://…`. Several hosts, comma separated, mean Redis Cluster; the
 * first one's user and password count for all: `redis://user:secret@a:7000,b:7000`.
 */
export function redisAddress(url: string): RedisAddress {
  if (url.startsWith('unix://')) return { kind: 'socket', path: url.slice('unix://'.length) };
  // Each host may wear a scheme and credentials of its own, as a list of whole URLs does.
  const list = url.replace(/,rediss?:\/\/(?:[^@,]*@)?/g, ',');
  const [, scheme = 'redis', credentials = '', hosts = ''] = /^(rediss?):\/\/(.*@)?([^@]*)$/.exec(list) ?? [];
  if (!hosts.includes(',')) return { kind: 'server', url };
  const nodes = hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`);
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || DEFAULT_PORT) };
  });
  const { username, password } = new URL(`redis://${credentials}host`);
  return {
    kind: 'cluster',
    nodes,
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    tls: scheme === 'rediss',
  };
}
