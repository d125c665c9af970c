import {
  type ClusterView,
  clusterViewSchema,
  type HealthView,
  healthViewSchema,
} from '../../formats/cluster/cluster_view.ts';
import { type ShortRequest, type ShortResponse, shortRequest } from '../http_request.ts';
import { builtApiBaseUrl } from '../native/build_dashboard.ts';
import { redisFacts, redisHosts } from '../redis/redis_facts.ts';
import { ownRedisUrl } from '../redis/redis_specs.ts';
import { corsOrigins, dashboardUrl, stackUrl } from '../stack_addresses.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, warn } from './check.ts';

const ROUNDS = 3;
const MAX_CLOCK_DIFFERENCE_S = 5;

const api = ({ options }: DoctorContext) => `${stackUrl(options)}/api/v1`;

/** As many requests at once as there are instances: `least_conn` spreads them, and a frozen instance delays only one. */
function askEach({ options }: DoctorContext, request: ShortRequest): Promise<ShortResponse>[] {
  return Array.from({ length: options.instances }, () => shortRequest(request));
}

/** The first answer of any instance; undefined when none answers. */
function askAny(context: DoctorContext, request: ShortRequest): Promise<ShortResponse | undefined> {
  return Promise.any(askEach(context, request)).catch(() => undefined);
}

/** The guide's third pitfall, seen from the outside: does NGINX reach every instance. Short requests find out. */
export async function checkReachable(context: DoctorContext, { services }: Situation): Promise<Check> {
  const id = 'instances_reachable';
  const healthy = services.filter(({ name, healthy }) => name.startsWith('app-') && healthy);
  if (healthy.length === 0) return fail(id, 'there is no instance to reach', 'None answers.', './weir restart');
  // With least_conn a busy instance gets no short request while others are idle.
  const idle = Math.min(...healthy.map(({ active_streams }) => active_streams));
  const expected = healthy.filter(({ active_streams }) => active_streams === idle).map(({ name }) => name);
  const seen = new Set<string>();
  let last = 'no answer';
  for (let round = 0; round < ROUNDS && !(seen.size > 0 && expected.every((name) => seen.has(name))); round++) {
    for (const answer of await Promise.allSettled(askEach(context, { url: `${api(context)}/health` }))) {
      if (answer.status === 'rejected') last = (answer.reason as Error).message;
      else if (answer.value.headers['x-instance-id']) seen.add(String(answer.value.headers['x-instance-id']));
      else last = `status ${answer.value.status}`;
    }
  }
  const why = '502 Bad Gateway; NGINX logs "connect() failed" or "permission denied" (./weir logs nginx).';
  if (seen.size === 0) return fail(id, `the API does not answer through NGINX (${last})`, why, './weir restart');
  const missing = expected.filter((name) => !seen.has(name));
  if (missing.length === 0) return ok(id, `NGINX reaches ${[...seen].sort().join(', ')}`);
  const fix = missing.map((name) => `./weir restart ${name}`).join(' && ');
  const cause = 'It failed a moment ago, or its restart failed. The other instances serve its share.';
  return warn(id, `NGINX sends no requests to ${missing.join(', ')}`, cause, fix);
}

/** Where the page sends its requests: the address of the next build, of this build, or the one that its server names. */
async function pageAddress(context: DoctorContext): Promise<string | undefined> {
  const fixed = context.apiBaseUrl ?? builtApiBaseUrl(context.layout.root);
  if (fixed) return fixed;
  try {
    const answer = await shortRequest({ url: `${dashboardUrl(context.options)}/config.json` });
    return (JSON.parse(answer.body) as { apiBaseUrl: string }).apiBaseUrl;
  } catch {
    return undefined;
  }
}

/** The limit of a user who reaches only one instance. */
function fewer({ options: { poolScope, maxPerUser, instances } }: DoctorContext): string {
  if (poolScope === 'cluster' || instances === 1) return '';
  return `: 429 after ${maxPerUser} concurrent connections instead of ${maxPerUser * instances}`;
}

/** The guide's first pitfall: does the page's API address lead through NGINX. */
export async function checkApiUrl(context: DoctorContext): Promise<Check> {
  const id = 'api_url';
  const url = await pageAddress(context);
  if (url === undefined) {
    const what = 'the dashboard does not say which address it uses';
    return warn(id, what, 'Its server does not answer.', './weir restart console');
  }
  const answer = await askAny(context, { url: `${url.replace(/\/$/, '')}/health` });
  if (answer?.headers['x-gateway-via'] === 'nginx') return ok(id, `${url} leads through NGINX`);
  const why = `Requests that bypass NGINX all go to one instance${fewer(context)}. The page should use ${api(context)}.`;
  const fix = 'unset VITE_API_BASE_URL; ./weir restart';
  if (!answer) return fail(id, `nothing answers at the dashboard's API address ${url}`, why, fix);
  return fail(id, `the dashboard's API address ${url} bypasses NGINX`, why, fix);
}

async function health(context: DoctorContext): Promise<HealthView | undefined> {
  const answer = await askAny(context, { url: `${api(context)}/health` });
  try {
    return answer && healthViewSchema.safeParse(JSON.parse(answer.body)).data;
  } catch {
    return undefined;
  }
}

/** All instances, as the first of them that answers sees them. Rejects where none does. */
export async function askCluster(context: DoctorContext): Promise<ClusterView> {
  const answer = await askAny(context, { url: `${api(context)}/cluster` });
  if (!answer) throw new Error('no instance answered');
  return clusterViewSchema.parse(JSON.parse(answer.body));
}

/** Redis, as the instances see it. */
export async function checkRedisConnection(context: DoctorContext): Promise<Check> {
  const id = 'redis';
  const state = (await health(context))?.redis;
  if (state === 'connected') return ok(id, 'the instances are connected');
  const why = 'Without Redis the instances do not know each other; streams and limits continue.';
  return fail(id, `the instances say that Redis is ${state ?? 'not known'}`, why, './weir restart');
}

async function redisTime({ layout, options }: DoctorContext): Promise<number | undefined> {
  if (options.driver !== 'native') return undefined;
  const [host = ''] = redisHosts(
    options.redisUrl ?? ownRedisUrl(layout, readPlan(layout.planFile)?.settings.redisPorts),
  );
  return redisFacts(host).then(
    ({ timeMs }) => timeMs,
    () => undefined,
  );
}

/** This machine's clock against those of Redis and the instances. */
export async function checkClock(context: DoctorContext): Promise<Check> {
  const id = 'clock';
  const [view, redis] = await Promise.all([health(context), redisTime(context)]);
  const times = [['the instances', view && Date.parse(view.timestamp)] as const, ['Redis', redis] as const];
  for (const [whose, time] of times) {
    const seconds = time === undefined ? 0 : Math.round(Math.abs(Date.now() - time) / 1000);
    if (seconds <= MAX_CLOCK_DIFFERENCE_S) continue;
    const why = 'Certificates, logs and leases depend on the clock.';
    return warn(
      id,
      `the clocks of this machine and ${whose} differ by ${seconds} s`,
      why,
      'sudo timedatectl set-ntp true',
    );
  }
  return ok(id, 'this machine, the instances and Redis agree');
}

/** A page of another origin can read an error only if it has exactly one CORS header. */
export async function checkCors(context: DoctorContext): Promise<Check> {
  const id = 'cors';
  const origin = `http://localhost:${context.options.dashboardPort}`;
  const answer = await askAny(context, {
    url: `${api(context)}/stream`,
    method: 'POST',
    body: '{',
    headers: { origin, 'content-type': 'application/json' },
  });
  const allowed = answer?.headers['access-control-allow-origin'];
  if (allowed === origin || allowed === '*') return ok(id, `errors are readable from ${origin}`);
  const kept = corsOrigins(context.options, { corsOrigins: readPlan(context.layout.planFile)?.settings.corsOrigins });
  const fix = `CORS_ORIGINS=${[...new Set([...kept, origin])].join(',')} ./weir restart`;
  const why = 'A browser hides such an answer from the page, which shows "Failed to fetch".';
  return fail(id, `errors allow the origin "${allowed ?? 'none'}" and not ${origin}`, why, fix);
}
