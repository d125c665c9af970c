import { describe, expect, it } from 'vitest';
import { redisAddress } from '../../../src/adapters/stores/redis/redis_connection.ts';

describe('the address of Redis', () => {
  it.each(['redis://localhost', 'rediss://:a,b@host:6380/2'])('is one server: %s', (url) => {
    expect(redisAddress(url)).toEqual({ kind: 'server', url });
  });

  it('is a socket', () => {
    expect(redisAddress('unix:///run/a,b.sock')).toEqual({ kind: 'socket', path: '/run/a,b.sock' });
  });

  it.each([
    'rediss://me:s%40cret@a:7000,b,[::1]:7002',
    'rediss://me:s%40cret@a:7000,rediss://me:s%40cret@b,rediss://[::1]:7002',
  ])('is a cluster with one user for all nodes: %s', (url) => {
    expect(redisAddress(url)).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      username: 'me',
      password: 's@cret',
      tls: true,
    });
  });

  it('needs no user', () => {
    expect(redisAddress('redis://a,b')).toMatchObject({ username: undefined, password: undefined, tls: false });
  });
});
