import { NGINX_OLD_WORKERS_MS } from '../../formats/timing.ts';
import { block, type Conf, comment, confText, quoted } from './conf_text.ts';
import { httpSettings } from './http_settings.ts';
import { healthLocation, locations, thisMachine } from './locations.ts';
import type { NginxPlan } from './nginx_plan.ts';
import { isAtLeast } from './nginx_program.ts';
import { ownErrorMaps, ownErrorPages } from './own_errors.ts';
import { upstreams } from './upstreams.ts';

/** Finds clients that vanished while nothing was sent to them; for the others see `listen_for_nginx.pl`. */
const KEEPALIVE_PROBES = 'so_keepalive=20s:10s:3';

function mainSettings(plan: NginxPlan): Conf {
  return [
    plan.driver === 'compose'
      ? comment(`
          NGINX of docker-compose.yml. Written by "npm run generate" from src/stack/nginx, which makes the native
          stack's configuration too; a test holds this file equal to it, so change it there.`)
      : comment('NGINX of the native stack. Written at every start; changes made here are lost.'),
    '',
    plan.user && `user ${plan.user.name} ${plan.user.group};`,
    'worker_processes auto;',
    'daemon off;',
    `pid ${quoted(plan.pidFile)};`,
    `error_log ${plan.errorLog === 'stderr' ? 'stderr' : quoted(plan.errorLog)} warn;`,
    comment(
      'A proxied stream takes two connections. The limits follow the stream limit and the limits of the machine.',
    ),
    `worker_rlimit_nofile ${plan.fileLimit};`,
    comment(`
      After a reload the old workers keep their streams for this time, which is longer than any answer; streams that
      are still open then are cut. Without a limit an open dashboard would keep its worker for ever.`),
    `worker_shutdown_timeout ${NGINX_OLD_WORKERS_MS / 3_600_000}h;`,
    '',
    block('events', `worker_connections ${plan.workerConnections};`),
  ];
}

function redirectServer(plan: NginxPlan): Conf {
  const target = `https://$host${plan.httpsPort === 443 ? '' : `:${plan.httpsPort}`}$request_uri`;
  const keepMethod = block('if ($request_method !~ ^(GET|HEAD)$)', `return 308 ${target};`);
  const redirect = [keepMethod, `return 301 ${target};`];
  return [
    comment('HTTP only redirects to HTTPS. 308 keeps the method: a 301 would turn a POST into a GET.'),
    block(
      'server',
      plan.httpListen.map((address) => `listen ${address} ${KEEPALIVE_PROBES};`),
      'server_name _;',
      healthLocation(plan, redirect),
      block('location /', redirect),
    ),
  ];
}

function httpsServer(plan: NginxPlan): Conf {
  // 1.25.1 made HTTP/2 a directive of its own and warns about the older way; before it the directive is an error.
  const modern = isAtLeast(plan.version, '1.25.1');
  return [
    comment(`
      ===========================================================================
      HTTPS SERVER - MAIN ENTRY POINT
      ===========================================================================`),
    block(
      'server',
      plan.httpsListen.map((address) => `listen ${address} ssl${modern ? '' : ' http2'} ${KEEPALIVE_PROBES};`),
      modern && 'http2 on;',
      comment('Browsers open 100 streams on one connection; with the default of 128 further ones would wait.'),
      'http2_max_concurrent_streams 1024;',
      'server_name _;',
      '',
      comment(`
        Made by ./weir start. No early data: a stranger could replay a POST. No HSTS: it would apply to every other
        server that is ever tried on localhost.`),
      `ssl_certificate ${quoted(plan.certificate)};`,
      `ssl_certificate_key ${quoted(plan.certificateKey)};`,
      'ssl_protocols TLSv1.2 TLSv1.3;',
      'ssl_session_cache shared:tls:10m;',
      'ssl_session_timeout 1d;',
      'ssl_early_data off;',
      '',
      locations(plan),
      '',
      ownErrorPages(),
    ),
  ];
}

/** The complete nginx.conf for a plan. Throws when a path has a character that NGINX does not accept. */
export function renderNginxConf(plan: NginxPlan): string {
  return confText(
    mainSettings(plan),
    '',
    block(
      'http',
      httpSettings(plan),
      '',
      ownErrorMaps(plan.corsOrigins),
      thisMachine(),
      '',
      upstreams(plan),
      '',
      redirectServer(plan),
      '',
      httpsServer(plan),
    ),
  );
}
