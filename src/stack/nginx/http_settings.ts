import { NGINX_REQUEST_PAUSE_MS, SLOW_CLIENT_MS } from '../../formats/timing.ts';
import { block, type Conf, comment, quoted, seconds } from './conf_text.ts';
import type { NginxPlan } from './nginx_plan.ts';

const TEMP_FOLDERS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** One JSON object per line. The path without its query, because a query may hold private data. */
function accessLog(plan: NginxPlan): Conf {
  const fields: Record<string, string> = {
    timestamp: '"$time_iso8601"',
    client: '"$remote_addr"',
    method: '"$request_method"',
    path: '"$request_path"',
    protocol: '"$server_protocol"',
    status: '$status',
    bytes: '$bytes_sent',
    seconds: '$request_time',
    completion: '"$request_completion"',
    upstream: '"$upstream_addr"',
    upstream_status: '"$upstream_status"',
    upstream_connect: '"$upstream_connect_time"',
    upstream_header: '"$upstream_header_time"',
    upstream_seconds: '"$upstream_response_time"',
    instance: '"$upstream_http_x_instance_id"',
    thread_id: '"$upstream_http_x_thread_id"',
  };
  const names = Object.entries(fields);
  return [
    block('map $request_uri $request_path', '"~^(?<path_without_query>[^?]*)" $path_without_query;'),
    'log_format weir_json escape=json',
    names.map(([name, value], index) => {
      const open = index === 0 ? '{' : '';
      return `    '${open}"${name}":${value}${index === names.length - 1 ? '}' : ','}'`;
    }),
    '    ;',
    `access_log ${plan.accessLog.startsWith('/dev/') ? plan.accessLog : quoted(plan.accessLog)} weir_json;`,
  ];
}

/** The last address that NGINX tried: after a failed try `$upstream_addr` lists all of them. */
function instanceAddress(): Conf {
  return [
    comment('The instance that answered, for X-Upstream; after a retry $upstream_addr lists all that were tried.'),
    block('map $upstream_addr $instance_address', 'default "";', '"~(?<last_address>[^ ,]+)$" $last_address;'),
  ];
}

/** Settings of the `http` block that hold for every server. */
export function httpSettings(plan: NginxPlan): Conf {
  return [
    'server_tokens off;',
    plan.mimeTypes !== undefined && `include ${quoted(plan.mimeTypes)};`,
    'default_type application/octet-stream;',
    plan.tempFolder !== undefined &&
      TEMP_FOLDERS.map((name) => `${name}_temp_path ${quoted(`${plan.tempFolder}/${name}`)};`),
    '',
    accessLog(plan),
    '',
    instanceAddress(),
    '',
    comment(`
      Clients: slow senders are cut early and never reach an instance; a client that reads nothing for 30 s is cut.
      The request counts are high because the default (1,000) closes connections in the middle of a load test.`),
    `client_header_timeout ${seconds(NGINX_REQUEST_PAUSE_MS)};`,
    `client_body_timeout ${seconds(NGINX_REQUEST_PAUSE_MS)};`,
    `send_timeout ${seconds(SLOW_CLIENT_MS)};`,
    'keepalive_timeout 75s;',
    'keepalive_time 24h;',
    'keepalive_requests 1000000;',
    'large_client_header_buffers 4 16k;',
    'client_body_buffer_size 64k;',
    'tcp_nodelay on;',
  ];
}
