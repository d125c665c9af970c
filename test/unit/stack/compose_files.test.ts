import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPOSE_CLUSTER_URL, COMPOSE_REDIS_URL } from '../../../src/stack/compose/compose_driver.ts';
import { composeStatus } from '../../../src/stack/compose/compose_status.ts';
import { INSTANCE_FLAGS } from '../../../src/stack/instance_command.ts';
import { COMPOSE_NGINX_PLAN } from '../../../src/stack/nginx/compose_plan.ts';
import { CLUSTER_NODES, redisNodeName } from '../../../src/stack/redis_specs.ts';

interface Service {
  container_name: string;
  ports?: string[];
  networks: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck: { test: string[] };
  volumes?: string[];
  stop_grace_period?: string;
  read_only?: boolean;
  build?: { target: string };
  command?: string[];
  profiles?: string[];
  sysctls?: Record<string, number>;
}

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, unknown>;
};
const service = (name: string) => compose.services[name]!;
const apps = ['app-1', 'app-2', 'app-3'];
const nodes = Array.from({ length: CLUSTER_NODES }, (_, index) => redisNodeName(index));

describe('docker-compose.yml', () => {
  it("has the guide's services, container names and network", () => {
    const names = Object.entries(compose.services).map(([name, { container_name }]) => [name, container_name]);
    expect(Object.fromEntries(names)).toEqual({
      nginx: 'sse-nginx',
      'app-1': 'sse-app-1',
      'app-2': 'sse-app-2',
      'app-3': 'sse-app-3',
      console: 'sse-console',
      redis: 'sse-redis',
      ...Object.fromEntries([...nodes, 'redis-cluster'].map((name) => [name, `sse-${name}`])),
    });
    expect(Object.keys(compose.networks)).toEqual(['sse-network']);
    for (const { networks } of Object.values(compose.services)) expect(networks).toEqual(['sse-network']);
  });

  it("publishes NGINX's ports and the dashboard's, and nothing of instances or Redis", () => {
    expect(service('nginx').ports).toEqual(['80:80', '443:443']);
    expect(service('console').ports).toEqual(['127.0.0.1:3001:3001']);
    for (const name of [...apps, 'redis', ...nodes]) expect(service(name).ports).toBeUndefined();
  });

  it('has NGINX’s container let go of clients that vanished, within a minute', () => {
    expect(service('nginx').sysctls).toEqual({ 'net.ipv4.tcp_retries2': 6 });
  });

  it('agrees with the rendered nginx.conf about addresses, ports and files', () => {
    const addresses = apps.map((name) => `${name}:${service(name).environment!.PORT}`);
    expect(COMPOSE_NGINX_PLAN.instances).toEqual(addresses);
    expect(COMPOSE_NGINX_PLAN.console).toBe(`console:${service('console').environment!.CONSOLE_PROXIED_PORT}`);
    const urls = apps.map((name, at) => `${name}=http://${addresses[at]}`);
    expect(service('console').environment!.INSTANCE_URLS).toBe(urls.join(','));
    const mounted = service('nginx').volumes!.map((volume) => volume.split(':')[1]);
    const { certificate, certificateKey } = COMPOSE_NGINX_PLAN;
    expect(mounted).toEqual(expect.arrayContaining(['/etc/nginx/nginx.conf', certificate, certificateKey]));
    expect(service('nginx').volumes!.every((volume) => volume.endsWith(':ro'))).toBe(true);
    const listening = [...COMPOSE_NGINX_PLAN.httpListen, ...COMPOSE_NGINX_PLAN.httpsListen];
    expect(service('nginx').ports!.map((port) => port.split(':')[1])).toEqual(listening);
  });

  it('lets NGINX answer its own errors to the same origins as the instances', () => {
    const origins = /:-(.*)\}$/.exec(service('app-1').environment!.CORS_ORIGINS!)![1]!.split(',');
    expect(new Set(origins)).toEqual(new Set(COMPOSE_NGINX_PLAN.corsOrigins));
  });

  it('gives streams the time of the drain before it kills', () => {
    for (const name of apps) {
      const { environment, stop_grace_period } = service(name);
      expect(Number.parseInt(stop_grace_period!, 10)).toBeGreaterThan(Number(environment!.DRAIN_SECONDS));
      expect(environment!.INSTANCE_ID).toBe(name);
    }
  });

  it('starts NGINX when everything behind it is healthy, and checks the health of all', () => {
    const wanted = Object.fromEntries([...apps, 'console'].map((name) => [name, { condition: 'service_healthy' }]));
    expect(service('nginx').depends_on).toEqual(wanted);
    for (const name of apps) expect(service(name).depends_on).toEqual({ redis: { condition: 'service_healthy' } });
    for (const { healthcheck, read_only } of Object.values(compose.services)) {
      expect(healthcheck.test.length).toBeGreaterThan(1);
      expect(read_only).toBe(true);
    }
  });

  it('keeps Redis from throwing anything away', () => {
    for (const name of ['redis', ...nodes]) {
      expect(service(name).command!.join(' ')).toContain('--maxmemory-policy noeviction');
    }
  });

  it('starts a Redis Cluster only when it is asked for, and gives the instances all its nodes', () => {
    for (const [name, { profiles }] of Object.entries(compose.services)) {
      expect(profiles, name).toEqual(/^redis-/.test(name) ? ['redis-cluster'] : undefined);
    }
    for (const name of nodes) expect(service(name).command!.join(' ')).toContain('--cluster-enabled yes');
    const wanted = Object.fromEntries(nodes.map((name) => [name, { condition: 'service_healthy' }]));
    expect(service('redis-cluster').depends_on).toEqual(wanted);
    expect(service('app-1').environment!.REDIS_URL).toBe(`\${REDIS_URL:-${COMPOSE_REDIS_URL}}`);
    expect(COMPOSE_CLUSTER_URL.split(',')).toEqual(nodes.map((name) => `redis://${name}:6379`));
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const stages = lines.flatMap((line) => /^FROM (\S+) AS (\S+)/.exec(line)?.slice(1, 3).join(' ') ?? []);

  it('builds the targets that Compose names, on Node 24', () => {
    expect(stages).toContain('node:24-slim app');
    expect(stages).toContain('app console');
    expect([service('app-1').build!.target, service('console').build!.target]).toEqual(['app', 'console']);
  });

  it('starts an instance with the flags that the native stack has', () => {
    const command = lines.find((line) => line.includes('gateway/main.ts'))!;
    expect(JSON.parse(command.slice('CMD '.length))).toEqual(expect.arrayContaining([...INSTANCE_FLAGS]));
  });

  it('runs as an account without rights, and copies nothing secret', () => {
    expect(lines).toContain('USER node');
    expect(lines).not.toContain('COPY . .');
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['infrastructure/nginx/ssl', '.weir', '.git']),
    );
  });
});

describe('composeStatus', () => {
  const row = '{"Service":"app-1","State":"running","Health":"healthy"}';
  const down = '{"Service":"nginx","State":"restarting","Health":""}';

  it.each([
    ['a line for each', `${row}\n${down}\n`],
    ['an array', `[${row},${down}]`],
  ])('reads %s', (_name, output) => {
    expect(composeStatus(output).map(({ name, state, healthy }) => [name, state, healthy])).toEqual([
      ['app-1', 'running', true],
      ['nginx', 'waiting', false],
    ]);
  });

  it('reads nothing as nothing', () => {
    expect(composeStatus('')).toEqual([]);
  });
});
