import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { PrometheusMetrics } from '../../adapters/observe/prometheus_metrics.ts';
import type { DurableCore } from '../../core/durable/durable_core.ts';
import { LoopLag } from '../../core/resilience/loop_lag.ts';
import { ModelList } from '../../core/upstream/model_list.ts';
import { type ClusterView, type HealthView, modelsViewSchema } from '../../formats/cluster/cluster_view.ts';
import { IDLE_MS, REQUEST_MS } from '../../formats/timing.ts';
import type { ClusterFeed } from '../cluster/cluster_feed.ts';
import type { GatewayConfig } from '../config.ts';
import type { OpenStreams } from '../open_streams.ts';
import { type Access, RATE_HEADERS } from './access.ts';
import { apiDocs } from './api_docs.ts';
import { BodyBudget } from './body_budget.ts';
import { chatRoutes } from './chat_routes.ts';
import { clusterRoutes, healthRoutes } from './cluster_routes.ts';
import { ESTIMATED, endpointRoutes, REFUSED_BY } from './endpoint_routes.ts';
import { answerParserError, translateErrors } from './error_translation.ts';
import { DROPPED } from './http_sink.ts';
import { modelsFor } from './models_routes.ts';
import { ReaderCounts } from './reader_counts.ts';
import { responsesRoutes } from './responses_routes.ts';
import { resumableRoutes } from './resumable_routes.ts';
import { RESUME_TOKEN } from './send_resumable.ts';
import { streamRoute } from './stream_route.ts';
import { tokenRoute } from './token_route.ts';

const BODY_LIMIT = 1024 * 1024;

/** Headers that pages of other origins may read. */
const EXPOSED = [
  'X-Thread-ID',
  RESUME_TOKEN,
  'X-Instance-Id',
  'X-Producer-Id',
  'X-Gateway-Via',
  'X-Upstream',
  'Retry-After',
  REFUSED_BY,
  DROPPED,
  ESTIMATED,
  ...RATE_HEADERS,
];

export interface ServerContext {
  config: GatewayConfig;
  core: DurableCore;
  access: Access;
  open: OpenStreams;
  metrics: PrometheusMetrics;
  cluster: () => Promise<ClusterView>;
  feed: ClusterFeed;
  health: () => HealthView;
  isDraining: () => boolean;
}

/** All routes of an instance, not listening yet. @param prepare called before there are any */
export async function buildServer(
  context: ServerContext,
  prepare?: (app: FastifyInstance) => Promise<void>,
): Promise<FastifyInstance> {
  const { config, core, metrics, access } = context;
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: IDLE_MS,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    clientErrorHandler: answerParserError,
    exposeHeadRoutes: false,
    // Given here, Fastify does not load its own, the only ones that its types know.
    schemaController: {
      compilersFactory: {
        buildValidator: () => validatorCompiler as never,
        buildSerializer: () => serializerCompiler as never,
      },
    },
  });
  // Asked for while the connection stands, the address stays known after a reset.
  app.server.on('connection', (socket) => void socket.remoteAddress);
  app.removeContentTypeParser('text/plain');
  translateErrors(app, core.log, (code) => metrics.refused(code));

  await app.register(cors, {
    origin: config.CORS_ORIGINS,
    methods: ['GET', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: 600,
  });
  await prepare?.(app);
  apiDocs(app);
  app.decorateRequest('asker', undefined);
  // Hooks that have nothing to wait for call on: a promise each is a tick of every request.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Instance-Id', config.INSTANCE_ID);
    if (context.isDraining()) reply.header('Connection', 'close');
    access.authenticate(request);
    done();
  });

  const readers = new ReaderCounts();
  const lag = new LoopLag();
  const stopLag = lag.start();
  app.addHook('onClose', async () => stopLag());
  const routes = {
    core,
    instance: config.INSTANCE_ID,
    access,
    open: context.open,
    lag,
    readers,
  };
  streamRoute(app, routes);
  const models = new ModelList(() => core.routing.table.upstreams);
  const budget = new BodyBudget();
  await app.register(endpointRoutes, { ...routes, models, budget });
  await app.register(chatRoutes, { ...routes, budget });
  resumableRoutes(app, { core, access, readers, open: context.open });
  responsesRoutes(app, { core, access, readers, open: context.open });
  tokenRoute(app, access);
  healthRoutes(app, context.health, () => !context.isDraining());
  clusterRoutes(app, context.cluster, context.feed);
  app.get('/api/v1/models', {
    schema: {
      summary: 'Providers, models and routes, and whether each is usable',
      response: { 200: modelsViewSchema },
    },
    config: { wantsKey: true, sameForUsers: true },
    handler: (request) => modelsFor(core.routing.table, models, (...names) => access.mayUse(request, ...names)),
  });
  app.get('/metrics', {
    schema: { hide: true },
    handler: async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  });
  await app.ready();
  return app;
}
