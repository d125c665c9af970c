import cors from '@fastify/cors';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import packageJson from '../../../package.json' with { type: 'json' };
import type { PrometheusMetrics } from '../../adapters/observe/prometheus_metrics.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import type { OriginRegistry } from '../../core/passthrough/origin_registry.ts';
import { LoopLag } from '../../core/resilience/loop_lag.ts';
import { type ClusterView, type HealthView, modelsViewSchema } from '../../protocol/cluster_view.ts';
import type { ClusterFeed } from '../cluster/cluster_feed.ts';
import type { GatewayConfig } from '../config.ts';
import type { OpenStreams } from '../open_streams.ts';
import type { Access } from './access.ts';
import { clusterRoutes } from './cluster_routes.ts';
import { doorRoutes } from './door_routes.ts';
import { answerParserError, translateErrors } from './error_translation.ts';
import { healthRoutes } from './health_routes.ts';
import { RATE_HEADERS } from './rate_headers.ts';
import { ReaderCounts } from './reader_counts.ts';
import { streamRoute } from './stream_route.ts';
import { threadRoutes } from './thread_routes.ts';

const BODY_LIMIT = 1024 * 1024;
/** Above NGINX's own 60 s, so that it is never us who close a connection that NGINX is about to use. */
const KEEP_ALIVE_MS = 65_000;
/** Head and body of a request together. */
const REQUEST_MS = 30_000;

/** Headers that pages of other origins may read. */
const EXPOSED = ['X-Thread-ID', 'X-Instance-Id', 'X-Gateway-Via', 'X-Upstream', 'Retry-After', ...RATE_HEADERS];

export interface ServerContext {
  config: GatewayConfig;
  core: DurableCore;
  access: Access;
  origins: OriginRegistry;
  open: OpenStreams;
  metrics: PrometheusMetrics;
  cluster: () => Promise<ClusterView>;
  feed: ClusterFeed;
  health: () => HealthView;
  isDraining: () => boolean;
}

/** All routes of an instance, not listening yet. */
export async function buildServer(context: ServerContext): Promise<FastifyInstance> {
  const { config, core, metrics, access } = context;
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    clientErrorHandler: answerParserError,
    exposeHeadRoutes: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser('text/plain');
  translateErrors(app, core.log, (code) => metrics.refused(code));

  await app.register(cors, {
    origin: config.CORS_ORIGINS,
    methods: ['GET', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: 600,
  });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Weir', version: packageJson.version } },
    transform: jsonSchemaTransform,
  });
  app.addHook('onRequest', async (_, reply) => {
    reply.header('X-Instance-Id', config.INSTANCE_ID);
    if (context.isDraining()) reply.header('Connection', 'close');
  });
  app.decorateRequest('apiKey', undefined);
  app.addHook('onRequest', async (request) => access.authenticate(request));

  const readers = new ReaderCounts();
  const lag = new LoopLag();
  const stopLag = lag.start();
  app.addHook('onClose', async () => stopLag());
  const routes = {
    core,
    instance: config.INSTANCE_ID,
    defaultProvider: config.DEFAULT_PROVIDER,
    access,
    open: context.open,
    lag,
    readers,
  };
  streamRoute(app, routes);
  await app.register(doorRoutes, { ...routes, origins: context.origins });
  threadRoutes(app, { core, access, readers, open: context.open });
  healthRoutes(app, context.health, () => !context.isDraining());
  clusterRoutes(app, context.cluster, context.feed);
  app.get('/api/v1/models', {
    schema: { summary: 'Providers and models, and whether each is usable', response: { 200: modelsViewSchema } },
    config: { wantsKey: true },
    handler: async (request) => {
      const { providers, ...view } = core.providers.view();
      const mine = (provider: string) => (model: string) => access.mayUse(request, model, `${provider}/${model}`);
      return {
        ...view,
        providers: providers.map((each) => ({ ...each, models: each.models.filter(mine(each.name)) })),
      };
    },
  });
  app.get('/metrics', {
    schema: { hide: true },
    handler: async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  });
  app.get('/api/v1/openapi.json', { schema: { hide: true }, handler: async () => app.swagger() });
  await app.ready();
  return app;
}
