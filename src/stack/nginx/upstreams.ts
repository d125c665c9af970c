import { NGINX_IDLE_MS } from '../../formats/timing.ts';
import { block, type Conf, comment, seconds } from './conf_text.ts';
import type { NginxPlan } from './nginx_plan.ts';

function servers(plan: NginxPlan): string[] {
  return plan.instances.map((address) => {
    return `server ${address} max_fails=3 fail_timeout=0s${plan.down.includes(address) ? ' down' : ''};`;
  });
}

/**
 * Idle connections to the instances. Node closes an idle one after 65 s: NGINX has to be first, else it sends a POST
 * into a connection that is just being closed, and that is a 502 which may not be retried.
 */
const KEEPALIVE = [`keepalive_timeout ${seconds(NGINX_IDLE_MS)};`, 'keepalive_requests 1000000;'];

/** The two groups of instances: one for the work, one for those who only watch. */
export function upstreams(plan: NginxPlan): Conf {
  return [
    comment(`
      ===========================================================================
      UPSTREAM BACKEND POOL
      ===========================================================================
      least_conn sends a new request to the instance with the fewest open ones: right for streams, which stay open
      for as long as the model talks.`),
    block(
      'upstream sse_backend',
      comment(`
        The zone lets all workers count together. Without it each worker balances by what it sees itself, and nine
        streams over three instances end as 4/3/2 instead of 3/3/3.`),
      'zone sse_backend 256k;',
      'least_conn;',
      '',
      comment(
        plan.driver === 'compose'
          ? `Docker's DNS turns these service names into the containers' addresses when NGINX starts.`
          : 'Unix sockets: cheaper than TCP, and nobody reaches an instance past NGINX.',
      ),
      comment(`
        fail_timeout is how long an instance that failed three times is left alone, in whole seconds of the clock: with 0s
        until the next one begins, when a single request tries it. With 30s a restart of all three meant half a minute
        of 502, and with 5s an instance that died again and again was hardly ever used.`),
      servers(plan),
      '',
      comment('Up to 64 idle connections a worker are kept for the next request.'),
      'keepalive 64;',
      KEEPALIVE,
    ),
    '',
    comment(`
      The same instances for open dashboards (cluster/events). Counted apart: one page that only watches would
      otherwise weigh as much as a stream, and tilt the balance.`),
    block('upstream sse_watchers', 'zone sse_watchers 256k;', 'least_conn;', servers(plan), 'keepalive 8;', KEEPALIVE),
    '',
    comment('The dashboard: its files and its read-only views.'),
    block('upstream dashboard', `server ${plan.console} max_fails=0;`, 'keepalive 8;', KEEPALIVE),
  ];
}
