import { Redis } from 'ioredis';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { type Instance, startInstance } from './instance.ts';
import { type MockOpenai, startMockOpenai } from './mock_openai.ts';
import { type RawConnection, rawConnection, streamPost } from './raw_http.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';

/** Three instances with limits over all of them, a Redis, and a provider that counts for itself. */
export interface AdmissionStack {
  redis: TestRedis;
  provider: MockOpenai;
  instances: Instance[];
  /** Starts an instance as the others are. */
  add(id: string): Promise<Instance>;
  /** Asks for a stream that goes on until it is closed; the prompt is the user's name, so that the provider knows. */
  open(instance: Instance, user: string, model?: string): RawConnection;
  health(instance: Instance): Promise<HealthView>;
  metric(instance: Instance, name: string): Promise<number>;
  /** Asks Redis, which is there. */
  ask<T>(question: (client: Redis) => Promise<T>): Promise<T>;
  /** Every count of every party is zero: the provider's, the instances', their metrics', Redis'. */
  nothingLeft(): Promise<void>;
  close(): Promise<void>;
}

const LONG = 'mock-100000x20';

/** Status of the answer; undefined before its head. */
export function statusOf(raw: RawConnection): number | undefined {
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(raw.received()) ?? [];
  return status === undefined ? undefined : Number(status);
}

/** Waits for all heads and counts them by status. */
export async function statuses(all: RawConnection[]): Promise<Record<number, number>> {
  await until('every request is answered', () => all.every((raw) => statusOf(raw) !== undefined));
  const counts: Record<number, number> = {};
  for (const raw of all) counts[statusOf(raw) as number] = (counts[statusOf(raw) as number] ?? 0) + 1;
  return counts;
}

export async function startAdmissionStack(environment: Record<string, string> = {}): Promise<AdmissionStack> {
  const redis = await startRedis();
  const provider = await startMockOpenai();
  const add = (id: string) =>
    startInstance({
      INSTANCE_ID: id,
      REDIS_URL: redis.url,
      POOL_SCOPE: 'cluster',
      MAX_CONNECTIONS_PER_USER: '3',
      IDENTITY_HEADER: 'X-User',
      OPENAI_BASE_URL: provider.url,
      OPENAI_API_KEY: 'test',
      DEFAULT_PROVIDER: 'openai',
      ...environment,
    });
  const instances = await Promise.all(['app-1', 'app-2', 'app-3'].map(add));
  const living = () =>
    stack.instances.filter(({ process }) => process.exitCode === null && process.signalCode === null);
  const stack: AdmissionStack = {
    redis,
    provider,
    instances,
    add,
    open: ({ port }, user, model = LONG) => rawConnection(port, streamPost({ query: user, model }, { 'X-User': user })),
    health: async ({ url }) => (await fetch(`${url}/api/v1/health`)).json() as Promise<HealthView>,
    async metric({ url }, name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
    async ask(question) {
      const path = redis.url.slice('unix://'.length);
      const client = new Redis({ path, commandTimeout: 20_000, retryStrategy: () => null });
      client.on('error', () => {});
      try {
        return await question(client);
      } finally {
        client.disconnect();
      }
    },
    async nothingLeft() {
      await until('the provider sees every call closed', () => provider.open === 0);
      for (const instance of living()) {
        await until('the instance holds nothing', async () => {
          const names = ['weir_pool_connections', 'weir_pool_users', 'weir_active_streams'];
          const counts = await Promise.all(names.map((name) => stack.metric(instance, name)));
          const { pool } = await stack.health(instance);
          return pool.total_connections === 0 && counts.every((count) => count === 0);
        });
      }
      const members = () =>
        stack.ask(async (client) => {
          const keys = await client.keys('weir:slots:*');
          return Promise.all(keys.map((key) => client.zcard(key)));
        });
      await until('Redis counts nothing', async () => (await members()).every((count) => count === 0));
    },
    async close() {
      await Promise.all(stack.instances.map((instance) => instance.stop()));
      await provider.close();
      await redis.close();
    },
  };
  const entries = () => stack.ask((client) => client.hgetall('weir:{capacity}'));
  const first = await until('all instances have a part of the total', async () => {
    const now = await entries();
    return Object.keys(now).length === 3 ? now : undefined;
  });
  await until('they know how many they are', async () => {
    return Object.entries(await entries()).every(([boot, entry]) => entry !== first[boot]);
  });
  return stack;
}
