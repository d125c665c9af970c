import { HEARTBEAT_MS, NGINX_API_SILENCE_MS, NGINX_STREAM_SILENCE_MS } from '../../formats/timing.ts';
import { block, type Conf, comment, seconds } from './conf_text.ts';
import type { NginxPlan } from './nginx_plan.ts';

/** How a request travels to an instance, and the answer back. */
function toInstances(upstream: string, readTimeoutMs: number, maxBody: string): Conf {
  return [
    `proxy_pass http://${upstream};`,
    comment('HTTP/1.1 with connections that stay open; with 1.0 a killed instance looks like a clean end.'),
    'proxy_http_version 1.1;',
    'proxy_set_header Connection "";',
    comment('The client. Set, never appended to what the client sent: otherwise it could choose its own limit.'),
    'proxy_set_header Host $host;',
    'proxy_set_header X-Real-IP $remote_addr;',
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    comment('Proof of the path: only NGINX sets these two, also on refusals (always).'),
    'proxy_set_header X-Gateway-Via "";',
    'proxy_set_header X-Upstream "";',
    'proxy_hide_header X-Gateway-Via;',
    'proxy_hide_header X-Upstream;',
    'add_header X-Gateway-Via nginx always;',
    'add_header X-Upstream $instance_address always;',
    comment('Tokens leave at once. A slow upload is buffered here and does not occupy an instance.'),
    'proxy_buffering off;',
    'proxy_request_buffering on;',
    'proxy_cache off;',
    'gzip off;',
    'proxy_buffer_size 8k;',
    'proxy_buffers 8 8k;',
    `client_max_body_size ${maxBody};`,
    comment(`
      A frozen instance still accepts connections, so the wait for bytes has a limit too. Never retried: an answer of
      429 or 503 (a refusal is not a failure) and a POST that was sent (it would be generated and paid twice).`),
    'proxy_connect_timeout 2s;',
    'proxy_send_timeout 30s;',
    `proxy_read_timeout ${seconds(readTimeoutMs)};`,
    'proxy_next_upstream error timeout;',
    'proxy_next_upstream_tries 3;',
    'proxy_intercept_errors off;',
  ];
}

/** Marks requests of this machine. `allow` and `deny` do not work here, because `return` answers before they are read. */
export function thisMachine(): Conf {
  return block('geo $from_this_machine', 'default 0;', '127.0.0.0/8 1;', '::1 1;');
}

/** Names the configuration of the worker that answers. */
export const GENERATION_HEADER = 'X-Weir-Generation';

/** NGINX's own health; requests of other machines get `otherwise`. */
export function healthLocation({ generation }: NginxPlan, otherwise: Conf): Conf {
  const answer = block('if ($from_this_machine)', 'return 200 "ok\\n";');
  return block(
    'location = /nginx-health',
    'access_log off;',
    'default_type text/plain;',
    generation !== undefined && `add_header ${GENERATION_HEADER} ${generation};`,
    answer,
    otherwise,
  );
}

function statusLocation(): Conf {
  const refusal = block('if ($from_this_machine = 0)', 'return 404;');
  return block('location = /nginx-status', 'access_log off;', refusal, 'stub_status;');
}

/** The locations of the HTTPS server. */
export function locations(plan: NginxPlan): Conf {
  return [
    comment(`
      LOAD BALANCING HAPPENS HERE: the stream is handed to the least busy instance. An instance sends a heartbeat
      every ${HEARTBEAT_MS / 1000} s, so ${NGINX_STREAM_SILENCE_MS / 1000} s without a byte mean that it hangs.`),
    block('location /api/v1/stream', toInstances('sse_backend', NGINX_STREAM_SILENCE_MS, '2m')),
    comment('The same for chats of the AI SDK, whose messages may hold images.'),
    block('location /api/v1/chat', toInstances('sse_backend', NGINX_STREAM_SILENCE_MS, '33m')),
    '',
    comment('Open dashboards, counted apart from the work.'),
    block('location = /api/v1/cluster/events', toInstances('sse_watchers', NGINX_STREAM_SILENCE_MS, '1k')),
    '',
    comment('The rest of the API, and the OpenAI- and Anthropic-compatible endpoints (which accept images).'),
    block('location /api/v1/', toInstances('sse_backend', NGINX_API_SILENCE_MS, '2m')),
    block(
      'location /v1/',
      toInstances('sse_backend', NGINX_API_SILENCE_MS, '33m'),
      comment('An instance refuses WebSockets at once, so that their clients go on with POST.'),
      'proxy_set_header Upgrade $http_upgrade;',
    ),
    '',
    comment('Metrics are not public: the dashboard server shows them at its own port.'),
    block('location ~ ^/metrics(/|$)', 'return 404;'),
    '',
    comment("NGINX's own health and counters, for this machine only."),
    healthLocation(plan, 'return 404;'),
    statusLocation(),
    '',
    comment(`
      Everything else is the dashboard, on the API's own origin: a browser that does not trust the certificate asks
      the user here, where it can show a page. For requests that come this way, the console's /api/ needs a login.`),
    block(
      'location /',
      'proxy_pass http://dashboard;',
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'proxy_set_header Host $http_host;',
      'proxy_set_header X-Real-IP $remote_addr;',
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'add_header X-Gateway-Via nginx always;',
      comment('The page has live views, so nothing is buffered here either.'),
      'proxy_buffering off;',
      'proxy_connect_timeout 2s;',
      'proxy_read_timeout 300s;',
      'client_max_body_size 1m;',
    ),
  ];
}
