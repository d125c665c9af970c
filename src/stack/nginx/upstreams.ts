import { NGINX_IDLE_MS } from '../../formats/timing.ts';
import { block, type Conf, comment, seconds } from './conf_text.ts';
import type { NginxPlan } from './nginx_plan.ts';

function servers(plan: NginxPlan): string[] {
  return plan.instances.map((address) => {
    return `server ${address} max_fails=3 fail_timeout=0s${plan.down.includes(address) ? ' down' : ''};`;
  });
}

/**
 * Idle connections to the instances. NGINX must close them before Node does: otherwise it sends a POST into a connection
 * that is being closed, which is a 502 and must not be retried.
 */
const KEEPALIVE = [`keepalive_timeout ${seconds(NGINX_IDLE_MS)};`, 'keepalive_requests 1000000;'];

/** The two groups of instances: one for streams, one for open dashboards. */
export function upstreams(plan: NginxPlan): Conf {
  return [
    comment(`
      ===========================================================================
      UPSTREAM BACKEND POOL
      ===========================================================================
      least_conn sends a new request to the instance with the fewest open ones. That fits streams, which stay open
      as long as the model writes.`),
    block(
      'upstream sse_backend',
      comment(`
        All workers count in the zone. Without it each worker counts only its own streams, and nine streams over
        three instances end as 4/3/2 instead of 3/3/3.`),
      'zone sse_backend 256k;',
      'least_conn;',
      '',
      comment(
        plan.driver === 'compose'
          ? `Docker's DNS turns these service names into the containers' addresses when NGINX starts.`
          : 'Unix sockets: cheaper than TCP, and instances can only be reached through NGINX.',
      ),
      comment(`
        fail_timeout: for so long NGINX skips an instance that failed three times, in whole seconds of the clock. With
        0s it tries the instance with one request when the next second begins. With 30s a restart of all three meant
        half a minute of 502, and with 5s an instance that died again and again was hardly ever used.`),
      servers(plan),
      '',
      comment('Up to 64 idle connections a worker are kept for the next request.'),
      'keepalive 64;',
      KEEPALIVE,
    ),
    '',
    comment(`
      The same instances for open dashboards (cluster/events). Counted separately: otherwise one open page would
      count as much as a stream and disturb the balance.`),
    block('upstream sse_watchers', 'zone sse_watchers 256k;', 'least_conn;', servers(plan), 'keepalive 8;', KEEPALIVE),
    '',
    comment('The dashboard.'),
    block('upstream dashboard', `server ${plan.console} max_fails=0;`, 'keepalive 8;', KEEPALIVE),
  ];
}
