import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import { Deployment } from '../support/deployment.ts';
import { checkOutOlderRevision } from '../support/older_revision.ts';
import {
  attach,
  cancelAt,
  chunks,
  contentOf,
  lastId,
  only,
  openThread,
  resumable,
  sha256,
  textOf,
  threadOf,
} from '../support/thread_reading.ts';
import { until } from '../support/until.ts';

// A rolling restart has both at once: an instance of an older revision, and one of this, on one Redis.
const OLD = 0;
const NEW = 1;
const PAIRS = [
  ['an older instance', 'a new one', OLD, NEW],
  ['a new instance', 'an older one', NEW, OLD],
] as const;

let older: ReturnType<typeof checkOutOlderRevision>;
let deployment: Deployment;
beforeAll(async () => {
  older = checkOutOlderRevision();
  deployment = await Deployment.start({
    instances: 2,
    env: { POOL_SCOPE: 'cluster', MAX_CONNECTIONS_PER_USER: '2' },
    rootOf: (at) => (at === OLD ? older.root : '.'),
  });
});
afterAll(async () => {
  await deployment?.close();
  older?.remove();
});
beforeEach(() => until('no slot is taken', async () => (await deployment.slotsInRedis()) === 0));

const url = (at: number) => deployment.url(at);

describe('a resumable stream', () => {
  it.each(PAIRS)('that %s began is read live by %s, and after its end', async (_, __, maker, reader) => {
    const spoken = { seed: 21 + maker, tokens: 100, tokens_per_second: 100 };
    const first = await openThread(url(maker), resumable(spoken));
    const second = await attach(url(reader), threadOf(first));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect([await first.ended, await second.ended]).toEqual(['ended', 'ended']);
    const third = await attach(url(reader), threadOf(first));
    await third.ended;
    for (const reading of [first, second, third]) {
      expect(contentOf(reading)).toBe(textOf(spoken));
      expect(only(reading, 'complete')).toMatchObject({ chunk_count: 100, sha256: sha256(textOf(spoken)) });
    }
  });

  it.each(PAIRS)('of %s that is killed goes on in %s', async (_, __, maker, heir) => {
    const spoken = { seed: 31 + maker, tokens: 150, tokens_per_second: 60 };
    const first = await openThread(url(maker), resumable(spoken));
    await until('forty tokens', () => chunks(first).length >= 40);
    await deployment.kill(maker);
    expect(await first.ended).toBe('broken');
    const second = await attach(url(heir), threadOf(first), lastId(first));
    expect(second.status).toBe(200);
    expect(await second.ended).toBe('ended');
    expect(contentOf(first, second)).toBe(textOf(spoken));
    expect(only(second, 'complete')).toMatchObject({ chunk_count: 150, sha256: sha256(textOf(spoken)) });
    await deployment.boot(maker);
  });

  it.each(PAIRS)('of %s is cancelled through %s', async (_, __, maker, other) => {
    const first = await openThread(url(maker), resumable({ seed: 41, tokens: 10_000, tokens_per_second: 50 }));
    await until('it streams', () => chunks(first).length > 3);
    expect((await cancelAt(url(other), threadOf(first))).status).toBeLessThan(300);
    expect(await first.ended).toBe('ended');
    expect(only(first, 'error')).toMatchObject({ error: 'cancelled' });
  });
});

it('slots of a user are counted over both', async () => {
  const body = { query: 'q', model: 'm', provider: 'fake', fake: { tokens: 10_000, tokens_per_second: 50 } };
  const held = [await openThread(url(OLD), body), await openThread(url(NEW), body)];
  expect(held.map(({ status }) => status)).toEqual([200, 200]);
  for (const at of [OLD, NEW]) {
    const refused = await openThread(url(at), body);
    expect(refused.status).toBe(429);
  }
  for (const reading of held) reading.leave();
});

it('the cluster is seen whole by both', async () => {
  for (const at of [OLD, NEW]) {
    const ids = async () => {
      const view = (await (await fetch(`${url(at)}/api/v1/cluster`)).json()) as ClusterView;
      const ready = view.instances.filter(({ state }) => state === 'ready');
      return ready.map(({ id }) => id).join();
    };
    await until('both are ready', async () => (await ids()) === 'app-1,app-2');
  }
});
