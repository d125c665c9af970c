import { randomBytes } from 'node:crypto';
import type { DestinationStream } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import { jsonLog } from '../adapters/observe/json_log.ts';
import { PrometheusMetrics } from '../adapters/observe/prometheus_metrics.ts';
import { FakeProvider } from '../adapters/providers/fake_provider.ts';
import { OpenAiProvider } from '../adapters/providers/openai_provider.ts';
import { MemoryDirectory } from '../adapters/stores/directory/memory_directory.ts';
import { RedisDirectory } from '../adapters/stores/directory/redis_directory.ts';
import { connectRedis } from '../adapters/stores/redis/redis_connection.ts';
import { MemoryLogStore } from '../adapters/stores/stream_log/memory_log_store.ts';
import { RedisLogStore } from '../adapters/stores/stream_log/redis_log_store.ts';
import type { Announcement } from '../core/cluster/instance_directory.ts';
import type { StreamCore } from '../core/handle_stream.ts';
import { ProviderRegistry } from '../core/provider/provider_registry.ts';
import { ConnectionPoolManager } from '../core/resilience/connection_pool_manager.ts';
import { commitAtOnce } from '../core/stream/commit.ts';
import { TimerWheel } from '../core/time/timer_wheel.ts';
import type { ClusterView, HealthView } from '../protocol/cluster_view.ts';
import { buildLimits, openKeys } from './build_access.ts';
import { buildDurable } from './build_durable.ts';
import { buildOrigins } from './build_origins.ts';
import { buildSlotStore } from './build_slot_store.ts';
import { Announcer } from './cluster/announcer.ts';
import { ClusterFeed } from './cluster/cluster_feed.ts';
import type { GatewayConfig } from './config.ts';
import { keyAccess, openAccess } from './http/access.ts';
import { buildServer } from './http/build_server.ts';
import { identifyBy } from './http/identity.ts';
import { OpenStreams } from './open_streams.ts';

/** Heartbeats and deadlines may be this late; the pace of the fake provider's tokens must not. */
const DEADLINE_RESOLUTION_MS = 50;
const PACE_RESOLUTION_MS = 1;

export type Gateway = Awaited<ReturnType<typeof buildGateway>>;

/**
 * Wires one instance: the only place where ports meet their adapters. Binds nothing and reads no environment.
 * @param log where lines go instead of stdout
 */
export async function buildGateway(config: GatewayConfig, peer: string, log?: DestinationStream) {
  const instance = config.INSTANCE_ID;
  const newBoot = () => `${instance}-${randomBytes(6).toString('hex')}`;
  const boot = newBoot();
  const startedAt = new Date().toISOString();
  const version = packageJson.version;
  const eventLog = jsonLog(config.LOG_LEVEL, instance, log);

  const redis = config.REDIS_URL ? await connectRedis(config.REDIS_URL, eventLog) : undefined;
  const directory = redis ? new RedisDirectory(redis) : new MemoryDirectory();
  const metrics = new PrometheusMetrics(() => pool.view());
  const keys = await openKeys(config, eventLog);
  const slots = await buildSlotStore(config, redis, boot, metrics, keys && ((id) => keys.ring.get(id)?.streams));
  const wheel = new TimerWheel(DEADLINE_RESOLUTION_MS);
  const openaiOptions = {
    baseUrl: config.OPENAI_BASE_URL,
    apiKey: config.OPENAI_API_KEY,
    continuation: config.OPENAI_CONTINUATION,
  };
  const openai = new OpenAiProvider(openaiOptions, wheel);
  const origins = buildOrigins(config, wheel);
  const fake = new FakeProvider(new TimerWheel(PACE_RESOLUTION_MS));
  const pool = new ConnectionPoolManager(slots, eventLog, boot);
  const identify = identifyBy(config);
  const limits = keys && buildLimits(config, redis, (limit) => pool.staticShare(limit));
  const access = keys && limits ? keyAccess(keys.ring, limits) : openAccess(identify);
  const streamCore: StreamCore = {
    pool,
    providers: new ProviderRegistry([fake, openai], config.DEFAULT_PROVIDER),
    wheel,
    commit: commitAtOnce,
    observer: metrics,
    recordUsage: ({ userId, usage }) => {
      const key = keys?.ring.get(userId);
      if (key) limits?.charge(key, usage.input_tokens + usage.output_tokens);
    },
    log: eventLog,
  };
  const store = redis ? new RedisLogStore(redis) : new MemoryLogStore();
  const durable = buildDurable({ config, core: streamCore, store, boot, newBoot, peer });
  const { core } = durable;

  const redisStatus = () => (pool.failing() ? 'disconnected' : directory.status());

  const open = new OpenStreams();
  let draining = false;
  const self = (): Announcement => ({
    id: instance,
    boot: core.wal.boot,
    state: draining ? 'draining' : 'ready',
    active_streams: pool.view().total_connections,
    streams_total: metrics.admitted,
    users: pool.view().users,
    pool: pool.view(),
    breakers: {},
    version,
    started_at: startedAt,
    peer,
  });
  const cluster = async (): Promise<ClusterView> => {
    const known = await directory.list().catch(() => [self()]);
    // Of itself it knows the latest; and a peer's private address is nobody's business.
    const instances = known.map((each) => (each.id === instance ? self() : each)).map(({ peer: _, ...view }) => view);
    return {
      timestamp: new Date().toISOString(),
      instance,
      redis: redisStatus(),
      instances,
      totals: {
        active_streams: instances.reduce((sum, each) => sum + each.active_streams, 0),
        max_connections:
          config.POOL_SCOPE === 'cluster'
            ? config.MAX_CONNECTIONS
            : instances.reduce((sum, each) => sum + each.pool.max_connections, 0),
        instances: instances.length,
      },
    };
  };
  const health = (): HealthView => {
    const view = pool.view();
    const impaired = redisStatus() === 'disconnected' || view.state !== 'healthy';
    return {
      status: draining ? 'unhealthy' : impaired ? 'degraded' : 'healthy',
      redis: redisStatus(),
      timestamp: new Date().toISOString(),
      instance,
      version,
      pool: view,
    };
  };
  const announcer = new Announcer(directory, self);
  const feed = new ClusterFeed(cluster);
  const app = await buildServer({
    config,
    core,
    access,
    origins: origins.registry,
    open,
    metrics,
    cluster,
    feed,
    health,
    isDraining: () => draining,
  });

  return {
    app,
    boot: () => core.wal.boot,
    open,
    durable,
    peerServices: durable.peerServices,
    log: eventLog,
    announcer,
    /** From now on ready says no, and answers close their connections. */
    beginDrain(): void {
      draining = true;
      feed.close();
    },
    async close(): Promise<void> {
      keys?.close();
      await durable.stop();
      await announcer.stop();
      await Promise.all([openai.close(), origins.close()]);
      await slots.close();
      redis?.disconnect();
    },
  };
}
