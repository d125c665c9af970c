import type { DestinationStream } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import { jsonLog } from '../adapters/observe/json_log.ts';
import { PrometheusMetrics } from '../adapters/observe/prometheus_metrics.ts';
import { RoutingMetrics } from '../adapters/observe/routing_metrics.ts';
import { FakeUpstream } from '../adapters/providers/fake_upstream.ts';
import { MemoryEntryStore } from '../adapters/stores/cache/memory_entry_store.ts';
import { RedisEntryStore } from '../adapters/stores/cache/redis_entry_store.ts';
import { MemoryDirectory } from '../adapters/stores/directory/memory_directory.ts';
import { RedisDirectory } from '../adapters/stores/directory/redis_directory.ts';
import type { RedisConnection } from '../adapters/stores/redis/redis_connection.ts';
import { MemoryLogStore } from '../adapters/stores/stream_log/memory_log_store.ts';
import { RedisLogStore } from '../adapters/stores/stream_log/redis_log_store.ts';
import { retryingStore } from '../adapters/stores/stream_log/retrying_store.ts';
import { AnswerCache } from '../core/cache/answer_cache.ts';
import type { Announcement } from '../core/cluster/instance_directory.ts';
import { incarnationName } from '../core/durable/incarnation.ts';
import type { EventLog } from '../core/observe/observers.ts';
import { ConnectionPoolManager } from '../core/resilience/connection_pool_manager.ts';
import { ProviderLoad } from '../core/routing/provider_load.ts';
import { Routing } from '../core/routing/routing.ts';
import type { StreamCore } from '../core/stream/stream_exchange.ts';
import { TimerWheel } from '../core/time/timer_wheel.ts';
import type { ClusterView, HealthView } from '../formats/cluster/cluster_view.ts';
import { buildDurable } from './build_durable.ts';
import { buildLimits, buildSlotStore, openKeys } from './build_limits.ts';
import { buildUsage } from './build_usage.ts';
import { chooseIo } from './choose_io.ts';
import { Announcer } from './cluster/announcer.ts';
import { ClusterFeed } from './cluster/cluster_feed.ts';
import { OthersLoad } from './cluster/others_load.ts';
import type { GatewayConfig } from './config.ts';
import { keyAccess, openAccess } from './http/access.ts';
import { buildServer } from './http/build_server.ts';
import { identifyBy } from './http/identity.ts';
import { IdleCollection } from './idle_collection.ts';
import { loadTracer } from './load_tracer.ts';
import { OpenStreams } from './open_streams.ts';
import { ProviderSet } from './provider_set.ts';

/** Heartbeats and deadlines may be this late. */
const DEADLINE_RESOLUTION_MS = 50;
/** So late the fake provider's tokens may be, no later in sum. What is due together is sent by one waking of the loop. */
const PACE_RESOLUTION_MS = 5;

export type Gateway = Awaited<ReturnType<typeof buildGateway>>;

/**
 * Wires one instance: the only place where ports meet their adapters. Binds nothing and reads no environment.
 * @param environment where providers' keys are
 * @param log where lines go instead of stdout
 * @param prepare as {@link buildServer}
 * @throws WeirConfigError
 */
export async function buildGateway(
  config: GatewayConfig,
  environment: Readonly<Record<string, string | undefined>>,
  peer: string,
  log?: DestinationStream,
  prepare?: Parameters<typeof buildServer>[1],
) {
  const instance = config.INSTANCE_ID;
  const newIncarnation = () => incarnationName(instance);
  const incarnation = newIncarnation();
  const startedAt = new Date().toISOString();
  const version = packageJson.version;
  const eventLog = jsonLog(config.LOG_LEVEL, instance, log);
  await chooseIo(config.WEIR_PLAIN_IO === '1', eventLog);

  const wheel = new TimerWheel(DEADLINE_RESOLUTION_MS);
  const fake = new FakeUpstream(new TimerWheel(PACE_RESOLUTION_MS));
  const load = new ProviderLoad();
  const providers = new ProviderSet(config, { fake, wheel, environment, load });

  const redis = config.REDIS_URL ? await openRedis(config.REDIS_URL, eventLog) : undefined;
  const directory = redis ? new RedisDirectory(redis) : new MemoryDirectory();
  const tracer = await loadTracer(config, version, eventLog);
  const metrics = new PrometheusMetrics(() => pool.view());
  const keys = await openKeys(config, eventLog);
  const ownLimit = keys && ((id: string) => keys.ring.ofAsker(id)?.streams);
  const slots = await buildSlotStore(config, redis, incarnation, metrics, eventLog, ownLimit);
  const routing = new Routing(providers.table, {
    wheel,
    log: eventLog,
    observer: new RoutingMetrics(metrics.registry, () => providers.table.breakers()),
    random: Math.random,
  });
  const pool = new ConnectionPoolManager(slots, eventLog, incarnation);
  const limits = keys && buildLimits(config, redis, eventLog, (limit) => pool.staticShare(limit));
  const access = keys && limits ? keyAccess(keys.ring, limits, () => core.clock.now()) : openAccess(identifyBy(config));
  const usage = buildUsage({
    redis,
    incarnation,
    metrics,
    fake,
    config: () => providers.config,
    keys: keys && limits && { ring: keys.ring, limits },
  });
  const cacheBytes = config.CACHE_MAX_MIB * 1024 * 1024;
  const entries = redis ? new RedisEntryStore(redis, cacheBytes) : new MemoryEntryStore(cacheBytes);
  const streamCore: StreamCore = {
    pool,
    routing,
    wheel,
    cache: new AnswerCache(entries, metrics),
    observer: metrics,
    recordUsage: usage.record,
    tracer,
    log: eventLog,
  };
  const store = redis ? retryingStore(new RedisLogStore(redis), eventLog) : new MemoryLogStore();
  const durable = buildDurable({ config, core: streamCore, store, incarnation, newIncarnation, peer });
  const { core } = durable;

  const redisStatus = () => (pool.failing() ? 'disconnected' : directory.status());

  const open = new OpenStreams();
  let draining = false;
  const inFlight = () => {
    const { counted } = providers;
    return counted.length === 0 ? {} : { in_flight: load.own(counted) };
  };
  const self = (): Announcement => ({
    id: instance,
    boot: core.streamLog.incarnation,
    state: draining ? 'draining' : 'ready',
    active_streams: pool.view().total_connections,
    streams_total: metrics.admitted,
    users: pool.view().users,
    pool: pool.view(),
    breakers: routing.table.breakers(),
    refused_keys: routing.table.refusedKeys(),
    ...inFlight(),
    version,
    started_at: startedAt,
    peer,
  });
  const cluster = async (): Promise<ClusterView> => {
    const known = await directory.list().catch(() => [self()]);
    // Of itself it knows the latest state. The private addresses of peers are not shown.
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
      config: providers.view,
    };
  };
  const announcer = new Announcer(directory, self);
  const othersLoad = new OthersLoad(directory, instance, load, () => providers.counted.length > 0);
  othersLoad.start();
  const feed = new ClusterFeed(cluster);
  const stopCollecting = new IdleCollection(() => open.size + core.streams.size, eventLog).start();
  const isDraining = () => draining;
  const context = { config, core, access, open, metrics, cluster, feed, health, isDraining };
  const app = await buildServer(context, prepare);

  return {
    app,
    incarnation: () => core.streamLog.incarnation,
    open,
    durable,
    peerServices: { ...durable.peerServices, usage: usage.view, usageOfUsers: usage.viewOfUsers },
    log: eventLog,
    announcer,
    /** Reads providers and routes again; streams that run keep theirs. */
    reload: () => providers.reload(routing, eventLog),
    /** From now on ready says no, and answers close their connections. */
    beginDrain(): void {
      draining = true;
      feed.close();
    },
    async close(): Promise<void> {
      stopCollecting();
      keys?.close();
      await durable.stop();
      othersLoad.stop();
      await announcer.stop();
      await usage.close();
      await providers.close();
      await slots.close();
      redis?.disconnect();
      await tracer?.close();
    },
  };
}

/** Its client is loaded only where there is a Redis. */
async function openRedis(url: string, log: EventLog): Promise<RedisConnection> {
  const { connectRedis } = await import('../adapters/stores/redis/redis_connection.ts');
  return connectRedis(url, log);
}
