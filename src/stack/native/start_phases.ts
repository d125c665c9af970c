import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureCertificates } from '../certificates/ensure_certificates.ts';
import { shortRequest } from '../http_request.ts';
import { writeJsonFile } from '../json_file.ts';
import { ensureOperatorKey } from '../keys/api_keys.ts';
import { checkPorts } from '../machine/port_problem.ts';
import type { NginxPlan } from '../nginx/nginx_plan.ts';
import type { Phase } from '../phases.ts';
import { formRedisCluster } from '../redis/form_redis_cluster.ts';
import { redisFacts } from '../redis/redis_facts.ts';
import { freeRedisPorts } from '../redis/redis_specs.ts';
import { serviceSpecs } from '../service_specs.ts';
import { nginxHealthUrl, stackUrl } from '../stack_addresses.ts';
import { StackError } from '../stack_error.ts';
import type { ControlClient } from '../supervisor/control_client.ts';
import { clearLeftovers } from '../supervisor/leftovers.ts';
import type { ServiceSpec } from '../supervisor/service_spec.ts';
import { buildDashboard } from './build_dashboard.ts';
import { type FoundPrograms, findPrograms, type NativeContext, serviceSettings } from './native_context.ts';
import { spawnSupervisor } from './spawn_supervisor.ts';
import { removeRunFolder, writeConfiguration } from './write_configuration.ts';

const ANSWER_WITHIN_MS = 10_000;
const POLL_MS = 100;

async function answersThroughNginx(gatewayUrl: string): Promise<void> {
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const { status } = await shortRequest({ url: `${gatewayUrl}/health` });
      if (status === 200) return;
      last = `status ${status}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await delay(POLL_MS);
  }
  throw new StackError(`the API does not answer through NGINX (${last})`, 'see ./weir logs nginx and ./weir doctor');
}

/** Results that later phases need. */
interface Findings {
  programs?: FoundPrograms;
  nginx?: NginxPlan;
  services: ServiceSpec[];
  control?: ControlClient;
}

function preparing(context: NativeContext, found: Findings): Phase[] {
  const { layout, options } = context;
  const { redisUrl } = options;
  return [
    {
      title: redisUrl === undefined ? 'Looking for NGINX and Redis' : 'Looking for NGINX',
      run: async () => {
        found.programs = await findPrograms(context);
        return `NGINX ${found.programs.nginxVersion}`;
      },
    },
    ...(redisUrl === undefined
      ? []
      : [{ title: 'Asking Redis', run: async () => `Redis ${(await redisFacts(redisUrl)).version}` }]),
    {
      title: 'Checking ports',
      run: async () => {
        const remains = await clearLeftovers(layout);
        await checkPorts(options);
        if (options.redis === 'cluster') found.programs!.redisPorts = await freeRedisPorts();
        return remains.length > 0 ? `ended processes of an earlier stack (${remains.join(', ')})` : undefined;
      },
    },
    { title: 'Checking the certificate', run: () => ensureCertificates(layout.certificates) },
    ...(options.all
      ? [{ title: 'Building the dashboard', run: () => buildDashboard(layout.root, context.apiBaseUrl) }]
      : []),
    ...(options.auth === 'keys' ? [{ title: 'Checking the keys', run: async () => ensureOperatorKey(layout) }] : []),
    {
      title: 'Writing the configuration',
      run: async () => {
        mkdirSync(layout.state, { recursive: true });
        const { plan, remark } = await writeConfiguration(context, found.programs!);
        found.nginx = plan;
        const listen = [...plan.httpListen, ...plan.httpsListen];
        found.services = serviceSpecs(layout, options, serviceSettings(context, found.programs!), listen);
        return remark;
      },
      undo: () => removeRunFolder(layout),
    },
  ];
}

function forming(found: Findings): Phase {
  return {
    title: 'Forming the Redis Cluster',
    run: async () => {
      const ports = found.programs!.redisPorts!;
      await formRedisCluster(ports);
      return `three primaries and three replicas at ports ${ports[0]} to ${ports.at(-1)}`;
    },
  };
}

function starting(context: NativeContext, found: Findings): Phase[] {
  const { layout, options } = context;
  const start = (kind: ServiceSpec['kind']) => async () => {
    const wanted = found.services.filter((service) => service.kind === kind);
    await Promise.all(wanted.map((service) => found.control!.start(service.name)));
    return undefined;
  };
  return [
    {
      title: 'Starting the supervisor',
      run: async () => {
        found.control = await spawnSupervisor(layout, {
          gatewayUrl: `${stackUrl(options)}/api/v1`,
          nginx: {
            command: found.programs!.nginx,
            prefix: layout.state,
            confFile: layout.nginxConf,
            healthUrl: nginxHealthUrl(options),
            plan: found.nginx!,
          },
          settings: serviceSettings(context, found.programs!),
          services: found.services,
        });
        return undefined;
      },
      undo: async () => {
        await found.control?.stop(true).catch(() => undefined);
        await clearLeftovers(layout);
      },
    },
    ...(options.redisUrl === undefined ? [{ title: 'Starting Redis', run: start('redis') }] : []),
    ...(options.redis === 'cluster' ? [forming(found)] : []),
    ...(options.all
      ? [
          { title: `Starting ${options.instances} instances`, run: start('instance') },
          { title: 'Starting the dashboard', run: start('console') },
        ]
      : []),
    { title: 'Starting NGINX', run: start('nginx') },
  ];
}

/** A native start, from nothing to answers through NGINX. */
export function startPhases(context: NativeContext): Phase[] {
  const found: Findings = { services: [] };
  const answer: Phase = {
    title: 'Asking the API through NGINX',
    run: async () => {
      await answersThroughNginx(`${stackUrl(context.options)}/api/v1`);
      return undefined;
    },
  };
  const keep: Phase = {
    title: 'Keeping the options',
    run: async () => {
      writeJsonFile(context.layout.optionsFile, context.options);
      return undefined;
    },
  };
  return [...preparing(context, found), ...starting(context, found), ...(context.options.all ? [answer] : []), keep];
}
