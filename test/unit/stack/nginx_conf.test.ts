import { describe, expect, it } from 'vitest';
import { COMPOSE_NGINX_PLAN } from '../../../src/stack/nginx/compose_plan.ts';
import { listenAddresses, nativeNginxPlan } from '../../../src/stack/nginx/native_plan.ts';
import type { NginxPlan } from '../../../src/stack/nginx/nginx_plan.ts';
import { renderNginxConf } from '../../../src/stack/nginx/render_nginx_conf.ts';
import { stackLayout } from '../../../src/stack/stack_layout.ts';
import { DEFAULT_STACK_OPTIONS } from '../../../src/stack/stack_options.ts';

const folder = '/home/user/weir';
const layout = stackLayout({ root: folder, stateDir: folder, uid: 1234, runtimeDir: folder });

function nativePlan(overrides: Partial<NginxPlan> = {}): NginxPlan {
  const options = { ...DEFAULT_STACK_OPTIONS, all: true, httpsPort: 9443, httpPort: 9080 };
  const limit = { files: 1200, workerConnections: 512, streams: 256 };
  const machine = { nginxVersion: '1.22.1', workers: undefined, hasIpv6: false, limit, corsOrigins: undefined };
  return { ...nativeNginxPlan(layout, options, machine), ...overrides };
}

/** The lines between `opening {` and its closing brace. */
function blockOf(conf: string, opening: string): string {
  const start = conf.indexOf(`${opening} {`);
  expect(start, opening).toBeGreaterThan(-1);
  const indent = /[ ]*$/.exec(conf.slice(0, start))![0];
  return conf.slice(start, conf.indexOf(`\n${indent}}`, start));
}

describe('an instance that is started again', () => {
  const leaving = nativePlan().instances[1]!;

  it('gets nothing new, in both groups, while the others do', () => {
    const conf = renderNginxConf(nativePlan({ down: [leaving] }));
    expect(conf.match(/^\s*server \S+ max_fails=3 fail_timeout=0s down;$/gm)).toEqual([
      expect.stringContaining(leaving),
      expect.stringContaining(leaving),
    ]);
  });

  it('is waited for by the number of the configuration, which Compose has no use for', () => {
    expect(blockOf(renderNginxConf(nativePlan({ generation: 7 })), 'location = /nginx-health')).toContain(
      'add_header X-Weir-Generation 7;',
    );
    expect(renderNginxConf(COMPOSE_NGINX_PLAN)).not.toContain('X-Weir-Generation');
  });
});

describe('the checked-in nginx.conf', () => {
  it('names the containers and the paths of the image', () => {
    const conf = renderNginxConf(COMPOSE_NGINX_PLAN);
    expect(conf).toContain('server app-1:8000 max_fails=3 fail_timeout=0s;');
    expect(blockOf(conf, 'upstream dashboard')).toContain('server console:3002');
    expect(conf).toContain('ssl_certificate "/etc/nginx/ssl/localhost.crt";');
  });
});

describe.each([
  ['native', nativePlan()],
  ['compose', COMPOSE_NGINX_PLAN],
])('the %s configuration', (_name, plan) => {
  const conf = renderNginxConf(plan);

  it('balances by open connections that all workers count together', () => {
    const upstream = blockOf(conf, 'upstream sse_backend');
    expect(upstream).toMatch(/zone sse_backend/);
    expect(upstream).toMatch(/least_conn;[\s\S]*server [\s\S]*keepalive 64;/);
    expect(upstream.match(/server .*max_fails=3 fail_timeout=0s;/g)).toHaveLength(3);
  });

  it('counts dashboards that only watch apart from the work', () => {
    expect(blockOf(conf, 'upstream sse_watchers')).toContain('zone sse_watchers');
    expect(blockOf(conf, 'location = /api/v1/cluster/events')).toContain('proxy_pass http://sse_watchers;');
  });

  it('streams without collecting, on connections that show a cut', () => {
    const stream = blockOf(conf, 'location /api/v1/stream');
    for (const line of [
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'proxy_buffering off;',
      'proxy_request_buffering on;',
      'gzip off;',
      'proxy_read_timeout 35s;',
      'proxy_connect_timeout 2s;',
      'add_header X-Gateway-Via nginx always;',
      'add_header X-Upstream $instance_address always;',
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_set_header X-Upstream "";',
      'proxy_intercept_errors off;',
    ]) {
      expect(stream).toContain(line);
    }
    expect(blockOf(conf, 'location /api/v1/')).toContain('proxy_read_timeout 300s;');
  });

  it('does the same for the endpoints of other APIs, whose bodies hold images', () => {
    const others = blockOf(conf, 'location /v1/');
    const stream = blockOf(conf, 'location /api/v1/stream');
    // A whole answer is silent until it is there, so there is more patience than for a stream with its heartbeats.
    const same = stream.replace('location /api/v1/stream', 'location /v1/').replace('35s', '300s').replace('2m', '33m');
    expect(others).toContain('proxy_set_header Upgrade $http_upgrade;');
    expect(others.replace(/\n.*WebSockets.*\n.*proxy_set_header Upgrade \$http_upgrade;/, '')).toBe(same);
  });

  it('never retries a refusal or a POST that was sent', () => {
    expect(conf.match(/proxy_next_upstream .*/g)).toSatisfy((lines: string[]) =>
      lines.every((line) => line === 'proxy_next_upstream error timeout;'),
    );
  });

  it('keeps idle connections to Node for less than the 65 s that Node keeps them', () => {
    expect(blockOf(conf, 'upstream sse_backend')).toContain('keepalive_timeout 60s;');
  });

  it('never appends to what the client says about itself', () => {
    expect(conf).not.toContain('$proxy_add_x_forwarded_for');
  });

  it('allows neither early data nor old TLS, and logs no query', () => {
    expect(conf).toContain('ssl_early_data off;');
    expect(conf).toContain('ssl_protocols TLSv1.2 TLSv1.3;');
    expect(conf).not.toContain('Strict-Transport-Security');
    expect(blockOf(conf, 'http').match(/log_format[\s\S]*?;/)![0]).not.toMatch(/\$(request_uri|args|request)\b/);
  });
});

describe('what differs', () => {
  it('speaks HTTP/2 in the way that the version knows', () => {
    expect(renderNginxConf(nativePlan({ version: '1.25.0' }))).toMatch(/listen \S+ ssl http2 /);
    const modern = renderNginxConf(nativePlan({ version: '1.25.1' }));
    expect(modern).toContain('http2 on;');
    expect(modern).not.toMatch(/ssl http2/);
  });

  it('leads to the HTTPS port in use, and keeps the method of a POST', () => {
    const conf = renderNginxConf(nativePlan());
    expect(conf).toContain('return 301 https://$host:9443$request_uri;');
    expect(conf).toContain('return 308 https://$host:9443$request_uri;');
    expect(renderNginxConf(COMPOSE_NGINX_PLAN)).toContain('return 301 https://$host$request_uri;');
  });

  it('listens on IPv6 only where the machine has it', () => {
    expect(listenAddresses('127.0.0.1', 443, false)).toEqual(['127.0.0.1:443']);
    expect(listenAddresses('127.0.0.1', 443, true)).toEqual(['127.0.0.1:443', '[::1]:443']);
    expect(listenAddresses('0.0.0.0', 80, true)).toEqual(['80', '[::]:80']);
    expect(listenAddresses('10.1.2.3', 80, true)).toEqual(['10.1.2.3:80']);
  });

  it("names the workers' account only where one is needed", () => {
    expect(renderNginxConf(nativePlan())).not.toMatch(/^user /m);
    const user = { name: 'www-data', group: 'www-data' };
    expect(renderNginxConf(nativePlan({ user }))).toMatch(/^user www-data www-data;$/m);
  });

  it('refuses a path that NGINX would take for a variable', () => {
    expect(() => renderNginxConf(nativePlan({ certificate: '/home/a$b/c.crt' }))).toThrow(/without it/);
  });
});
