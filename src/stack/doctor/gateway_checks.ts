import { healthViewSchema } from '../../protocol/cluster_view.ts';
import { shortRequest } from '../http_request.ts';
import { dashboardUrl, stackUrl } from '../service_specs.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

const api = ({ options }: DoctorContext) => `${stackUrl(options)}/api/v1`;

/** The guide's third pitfall, seen from the outside: does NGINX reach every instance. Short requests find out. */
export async function checkReachable(context: DoctorContext): Promise<Check> {
  const id = 'instances_reachable';
  const wanted = context.options.instances;
  const seen = new Set<string>();
  let last = '';
  for (let attempt = 0; attempt < wanted * 3; attempt++) {
    const answer = await shortRequest({ url: `${api(context)}/health` }).catch((error: Error) => error.message);
    if (typeof answer === 'string') last = answer;
    else if (answer.status === 200) seen.add(String(answer.headers['x-instance-id']));
    else last = `status ${answer.status}`;
  }
  if (seen.size === wanted && last === '') return ok(id, `NGINX reaches ${[...seen].sort().join(', ')}`);
  const why = '502 Bad Gateway; NGINX logs "connect() failed" or "permission denied".';
  if (seen.size === 0)
    return fail(id, `the API does not answer through NGINX (${last})`, why, './weir logs nginx, then ./weir restart');
  // A busy instance gets no short request while others are idle: that is what least_conn is for.
  return warn(id, `NGINX handed requests to ${seen.size} of ${wanted} instances`, why, './weir status');
}

/** The guide's first pitfall: does the page's API address lead through NGINX. */
export async function checkApiUrl(context: DoctorContext): Promise<Check> {
  const id = 'api_url';
  const why = 'Requests that bypass NGINX all go to one instance: 429 after 3 concurrent connections instead of 9.';
  const wanted = api(context);
  const mend = `unset VITE_API_BASE_URL, or set it to ${wanted}, and build the dashboard again`;
  let url = context.apiBaseUrl;
  if (url === undefined) {
    try {
      const answer = await shortRequest({ url: `${dashboardUrl(context.options)}/config.json` });
      url = (JSON.parse(answer.body) as { apiBaseUrl: string }).apiBaseUrl;
    } catch {
      return warn(
        id,
        'the dashboard does not say which address it uses',
        'Its server does not answer.',
        './weir restart console',
      );
    }
  }
  const answer = await shortRequest({ url: `${url.replace(/\/$/, '')}/health` }).catch(() => undefined);
  if (answer?.headers['x-gateway-via'] === 'nginx') return ok(id, `${url} leads through NGINX`);
  if (!answer) return fail(id, `nothing answers at the dashboard's API address ${url}`, why, mend);
  return fail(id, `the dashboard's API address ${url} bypasses NGINX`, why, mend);
}

/** Redis, as the instances see it, and this machine's clock against theirs. */
export async function checkRedisAndClock(context: DoctorContext): Promise<Check[]> {
  const answer = await shortRequest({ url: `${api(context)}/health` }).catch(() => undefined);
  const health = answer && healthViewSchema.safeParse(parse(answer.body));
  if (!health?.success) return [];
  const { redis, timestamp } = health.data;
  const why = 'Without it the instances do not know of each other; streams and their limits go on.';
  const own = context.options.redis === 'cluster' ? 'redis-1' : 'redis';
  const mend = `./weir logs ${own}, then ./weir restart ${own}`;
  const connection =
    redis === 'connected' ? ok('redis', 'the instances are connected') : fail('redis', `redis is ${redis}`, why, mend);
  const offSeconds = Math.abs(Date.now() - Date.parse(timestamp)) / 1000;
  const clock =
    offSeconds < 5
      ? ok('clock', 'this machine and the instances agree')
      : warn(
          'clock',
          `the clocks differ by ${Math.round(offSeconds)} s`,
          'Certificates and logs go by the clock.',
          'set the clock',
        );
  return [connection, clock];
}

/** Refusals have to be readable for a page of another origin: exactly one CORS header on an error. */
export async function checkCors(context: DoctorContext): Promise<Check> {
  const id = 'cors';
  const origin = `http://localhost:${context.options.dashboardPort}`;
  const why = 'A browser hides answers without exactly one such header from the page: it shows "Failed to fetch".';
  const request = {
    url: `${api(context)}/stream`,
    method: 'POST',
    body: '{',
    headers: { origin, 'content-type': 'application/json' },
  };
  const answer = await shortRequest(request).catch(() => undefined);
  const allowed = answer?.headers['access-control-allow-origin'];
  if (allowed === origin || allowed === '*') return ok(id, `errors are readable from ${origin}`);
  return fail(
    id,
    `errors carry "${allowed ?? 'no'}" as allowed origin for ${origin}`,
    why,
    'set CORS_ORIGINS, then ./weir restart',
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
