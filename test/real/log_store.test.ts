import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/adapters/stores/redis/redis_connection.ts';
import { RedisLogStore } from '../../src/adapters/stores/stream_log/redis_log_store.ts';
import { claimName } from '../../src/core/durable/claims.ts';
import type { Claim } from '../../src/core/durable/log_store.ts';
import type { ResumableRecord } from '../../src/core/durable/resumable_record.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { silentLog } from '../support/silent_log.ts';

let server: TestRedis;
let redis: RedisConnection;
let store: RedisLogStore;
beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(server.url, silentLog);
  store = new RedisLogStore(redis);
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

const text = ['One ', 'two ', 'three ', 'four ', 'five.'];
let made = 0;
async function newThread(): Promise<ResumableRecord> {
  made += 1;
  const record: ResumableRecord = {
    id: `thread-${made}`,
    owner: 'boot-1',
    number: String(made),
    epoch: 1,
    ends: [],
    state: 'running',
    checkpoint: 0,
    takeovers: 0,
    userId: 'user',
    token: 'token',
    permitId: 'permit',
    provider: 'fake',
    model: 'm',
    instance: 'app-1',
    promptLength: 1,
    createdAt: 0,
  };
  await store.create(record, { query: 'q', model: 'm', resumable: true });
  return record;
}

describe('a thread in Redis', () => {
  it('is made once, also when the owner repeats the step because its answer was lost; another owner is refused', async () => {
    const record = await newThread();
    const request = { query: 'q', model: 'm', resumable: true };
    expect(await store.create(record, request)).toBe(true);
    expect(await store.create({ ...record, owner: 'boot-2' }, request)).toBe(false);
    expect(await store.read(record.id)).toMatchObject({ owner: 'boot-1' });
  });
});

describe('a thread that is taken back in Redis', () => {
  it('is the one that was made, also when its target changed; another of that id stays', async () => {
    const record = await newThread();
    await store.discard({ ...record, token: 'of another request with that id' });
    await store.discard({ ...record, owner: 'boot-2' });
    expect(await store.read(record.id)).toBeDefined();
    await store.setTarget({ ...record, provider: 'p', model: 'm2' });
    await store.discard({ ...record, provider: 'p', model: 'm2' });
    expect(await store.read(record.id)).toBeUndefined();
    await store.discard(record);
  });
});

describe('a thread that Redis has forgotten', () => {
  const forget = ({ id }: ResumableRecord) => redis.del(`weir:thread:{${id}}`, `weir:text:{${id}}`, `weir:req:{${id}}`);

  it('is known to be forgotten when its text is to be kept, and not taken for another’s', async () => {
    const record = await newThread();
    await forget(record);
    expect(await store.checkpoint(record, text, 2)).toBe('unknown');
    expect(await store.adopt(record, record.owner, { query: 'q', model: 'm', resumable: true })).toBe(0);
    expect(await store.checkpoint({ ...record, checkpoint: 2 }, text, 4)).toBe('kept');
    expect((await store.readText(record.id)).contents).toEqual(text.slice(0, 4));
    expect(await store.readRequest(record.id)).toMatchObject({ query: 'q' });
  });

  it('is whole again with its end', async () => {
    const record = await newThread();
    await store.checkpoint(record, text, 2);
    await forget(record);
    expect(await store.finish({ ...record, checkpoint: 2 }, text, 'end')).toBe(true);
    expect(await store.readText(record.id)).toEqual({ contents: text, terminal: 'end' });
    expect(await store.read(record.id)).toMatchObject({ state: 'done', owner: 'boot-1' });
  });
});

describe('the text of a thread in Redis', () => {
  it('is whole also where the answers to checkpoints were lost, and the owner believes that less is kept', async () => {
    const record = await newThread();
    expect(await store.checkpoint(record, text, 2)).toBe('kept');
    expect(await store.checkpoint(record, text, 4)).toBe('kept');
    expect(await store.checkpoint(record, text, 3)).toBe('kept');
    expect((await store.readText(record.id)).contents).toEqual(text.slice(0, 4));
    expect(await store.finish(record, text, 'end')).toBe(true);
    expect(await store.finish(record, text, 'another end')).toBe(true);
    expect(await store.readText(record.id)).toEqual({ contents: text, terminal: 'end' });
  });

  it('is whole also where a replica that took over had less than the owner believes', async () => {
    const record = await newThread();
    await store.checkpoint(record, text, 1);
    expect(await store.finish({ ...record, checkpoint: 4 }, text, 'end')).toBe(true);
    expect((await store.readText(record.id)).contents).toEqual(text);
  });

  it('is closed to its earlier owner', async () => {
    const record = await newThread();
    await store.checkpoint(record, text, 2);
    const next = { ...record, owner: 'boot-2', epoch: 2, ends: [2] };
    expect(await store.adopt(next, 'boot-1', undefined)).toBe(2);
    expect(await store.adopt({ ...next, owner: 'boot-3' }, 'boot-1', undefined)).toBe(-1);
    expect(await store.checkpoint(record, text, 4)).toBe('not_mine');
    expect(await store.finish(record, text, 'end')).toBe(false);
    expect(await store.finish(next, text, 'end')).toBe(true);
    expect(await store.adopt({ ...next, owner: 'boot-3' }, 'boot-2', undefined)).toBe(-1);
  });
});

describe('a thread with a version of its log', () => {
  it('is read by an instance that knows no versions, and is not changed by it', async () => {
    const { id, ...rest } = await newThread();
    const record = { ...rest, id: `${id}-versioned`, log: 2, format: 'chat' };
    await store.create(record, { endpoint: 'chat', body: '{}', headers: {} });
    const { log: _, format: __, ...older } = record;
    expect(await store.read(record.id)).toMatchObject({ owner: 'boot-1', format: 'chat' });
    expect(await store.checkpoint(older, text, 2)).toBe('not_mine');
    expect(await store.adopt({ ...older, owner: 'boot-2' }, 'boot-1', undefined)).toBe(-1);
    expect(await store.finish(older, text, 'end')).toBe(false);
    expect(await store.checkpoint(record, text, 2)).toBe('kept');
    expect(await store.adopt({ ...record, owner: 'boot-2' }, 'boot-1', undefined)).toBe(2);
    expect(await store.finish({ ...record, owner: 'boot-2' }, text, 'end')).toBe(true);
  });
});

describe('a stream that is over', () => {
  const lifeOf = async (memory: number | undefined) => {
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', memory === undefined ? 0 : Math.round(used / memory));
    await store.beat('boot-1');
    const record = await newThread();
    await store.finish(record, text, 'end');
    const lives = [`weir:thread:{${record.id}}`, `weir:text:{${record.id}}`].map((key) => redis.pttl(key));
    return Math.max(...(await Promise.all(lives)));
  };

  it('is kept for five minutes, and for less the less memory Redis has left, but for a minute', async () => {
    expect(await lifeOf(undefined)).toBeGreaterThan(290_000);
    expect(await lifeOf(0.3)).toBeGreaterThan(290_000);
    const half = await lifeOf(0.7);
    expect(half).toBeGreaterThan(150_000);
    expect(half).toBeLessThan(210_000);
    const least = await lifeOf(0.95);
    expect(least).toBeGreaterThan(50_000);
    expect(least).toBeLessThanOrEqual(60_000);
    await redis.config('SET', 'maxmemory', 0);
  });
});

describe.each([
  ['a key', 'key'],
  ['a chat', claimName('chat', 'my chat')],
])('the claim of %s in Redis', (_, name) => {
  it('belongs to one request until that gives it back or it expires, and no other one can give it back', async () => {
    const [first, second, third] = ['1', '2', '3'].map((claimant) => {
      return { threadId: `t${claimant}`, bodyHash: 'hash', claimant, at: 1_700_000_000_000 };
    }) as [Claim, Claim, Claim];
    expect(await store.claim('user', name, first)).toBeUndefined();
    expect(await store.claim('user', name, second)).toEqual(first);
    expect(await store.claim('another', name, third)).toBeUndefined();
    expect(await store.dropClaim('user', name, second)).toBe(false);
    expect(await store.readClaim('user', name)).toEqual(first);
    expect(await store.claim('user', name, second, first)).toBeUndefined();
    expect(await store.claim('user', name, third, first)).toEqual(second);
    await store.dropClaim('user', name, first);
    expect(await store.claim('user', name, third)).toEqual(second);
    expect(await store.dropClaim('user', name, second)).toBe(true);
    expect(await store.readClaim('user', name)).toBeUndefined();
    expect(await store.claim('user', name, third)).toBeUndefined();
  });
});

describe('the log of an incarnation in Redis', () => {
  it('takes each group once and in order, until it is closed for ever', async () => {
    await store.register('boot-9', 'here');
    expect(await store.append('boot-9', 1, 'a\n')).toEqual({ kind: 'ok' });
    expect(await store.append('boot-9', 1, 'a\n')).toEqual({ kind: 'duplicate' });
    expect(await store.append('boot-9', 3, 'c\n')).toEqual({ kind: 'gap', next: 2 });
    expect(await store.append('boot-9', 2, 'b\n')).toEqual({ kind: 'ok' });
    expect(await store.seal('boot-9', false)).toBe(false);
    expect(await store.seal('boot-9', true)).toBe(true);
    expect(await store.append('boot-9', 3, 'c\n')).toEqual({ kind: 'sealed' });
    const groups: string[] = [];
    for await (const group of store.scan('boot-9')) groups.push(group);
    expect(groups).toEqual(['a\n', 'b\n']);
    expect(await store.append('missing', 1, 'a\n')).toEqual({ kind: 'lost' });
  });

  it('leaves no key behind that lives for ever', async () => {
    for (const key of await redis.keys('weir:*')) expect(await redis.pttl(key), key).toBeGreaterThan(0);
  });
});
