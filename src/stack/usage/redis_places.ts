import { redisHosts } from '../redis_facts.ts';
import type { RedisPlace } from './usage_keeper.ts';

const DEFAULT_PORT = 6379;

/** The places that an instance's `REDIS_URL` names: one, or nodes of a Redis Cluster. @throws TypeError: no URL */
export function redisPlaces(url: string): RedisPlace[] {
  if (url.startsWith('unix://')) return [{ path: url.slice('unix://'.length) }];
  return redisHosts(url).map((host) => {
    const { protocol, hostname, port, username, password } = new URL(host);
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || DEFAULT_PORT),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    };
  });
}
