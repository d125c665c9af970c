import { expect, it } from 'vitest';
import { COMPOSE_CLUSTER_URL, COMPOSE_REDIS_URL } from '../../../src/stack/compose/compose_variables.ts';
import { redisPlaces } from '../../../src/stack/redis/redis_facts.ts';

it.each([
  ['unix:///run/redis.sock', [{ path: '/run/redis.sock' }]],
  [COMPOSE_REDIS_URL, [{ host: 'redis', port: 6379 }]],
  ['redis://[::1]:7000', [{ host: '::1', port: 7000 }]],
  ['rediss://me:s%40cret@a', [{ host: 'a', port: 6379, username: 'me', password: 's@cret', tls: {} }]],
  [
    'redis://:secret@a:1,b:2',
    [
      { host: 'a', port: 1, password: 'secret' },
      { host: 'b', port: 2, password: 'secret' },
    ],
  ],
])('the places of %s', (url, places) => {
  expect(redisPlaces(url)).toEqual(places);
});

it('are all nodes of the cluster in Compose', () => {
  expect(redisPlaces(COMPOSE_CLUSTER_URL).map(({ host }) => host)).toHaveLength(6);
});
