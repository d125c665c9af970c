import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { INSTANCE_VARIABLES, parseConfig } from '../../../src/gateway/config.ts';
import { composeStatus } from '../../../src/stack/compose/compose_engine.ts';
import { COMPOSE_CLUSTER_URL, COMPOSE_REDIS_URL } from '../../../src/stack/compose/compose_variables.ts';
import { MOUNTED_CONFIG } from '../../../src/stack/compose/container_files.ts';
import { INSTANCE_FLAGS } from '../../../src/stack/instance_command.ts';
import { COMPOSE_NGINX_PLAN } from '../../../src/stack/nginx/compose_plan.ts';
import { CLUSTER_NODES, redisNodeName } from '../../../src/stack/redis/redis_specs.ts';
import { bindsOf, composeFile, imageCommand } from '../../support/compose_file.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');
const compose = composeFile();
const service = (name: string) => compose.services[name]!;
const apps = ['app-1', 'app-2', 'app-3'];
const nodes = Array.from({ length: CLUSTER_NODES }, (_, index) => redisNodeName(index));

/** What an instance reads and Compose does not offer, with the reason. */
const NOT_OFFERED = {
  SOCKET: 'containers reach each other through a network',
  PEER_SOCKET: 'likewise',
  PEER_ADVERTISE: 'each container finds its own address',
  FAULT_POINT: 'for tests of single processes',
};

describe('docker-compose.yml', () => {
  it("has the guide's services, container names and network", () => {
    const names = Object.entries(compose.services).map(([name, { container_name }]) => [name, container_name]);
    expect(Object.fromEntries(names)).toEqual({
      nginx: 'sse-nginx',
      'app-1': 'sse-app-1',
      'app-2': 'sse-app-2',
      'app-3': 'sse-app-3',
      console: 'sse-console',
      usage: 'sse-usage',
      redis: 'sse-redis',
      ...Object.fromEntries([...nodes, 'redis-cluster'].map((name) => [name, `sse-${name}`])),
    });
    expect(Object.keys(compose.networks)).toEqual(['sse-network']);
    for (const { networks } of Object.values(compose.services)) expect(networks).toEqual(['sse-network']);
  });

  it("publishes NGINX's ports and the dashboard's, and nothing of instances or Redis", () => {
    expect(service('nginx').ports).toEqual(['80:80', '443:443']);
    expect(service('console').ports).toEqual(['127.0.0.1:3001:3001']);
    for (const name of [...apps, 'usage', 'redis', ...nodes]) expect(service(name).ports).toBeUndefined();
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
    const { certificate, certificateKey } = COMPOSE_NGINX_PLAN;
    expect(bindsOf(service('nginx')).map(({ target }) => target)).toEqual([certificate, certificateKey]);
    expect(service('nginx').volumes).toContain('./infrastructure/nginx/nginx.conf:/etc/nginx/nginx.conf:ro');
    const listening = [...COMPOSE_NGINX_PLAN.httpListen, ...COMPOSE_NGINX_PLAN.httpsListen];
    expect(service('nginx').ports!.map((port) => port.split(':')[1])).toEqual(listening);
  });

  it('lets NGINX answer its own errors to the same origins as the instances', () => {
    const origins = service('app-1').environment!.CORS_ORIGINS!.split(',');
    expect(new Set(origins)).toEqual(new Set(COMPOSE_NGINX_PLAN.corsOrigins));
  });

  it('gives streams the time of the drain before it kills', () => {
    const seconds = (name: string) => Number.parseInt(service(name).stop_grace_period!, 10);
    for (const name of apps) {
      const { environment } = service(name);
      expect(seconds(name)).toBeGreaterThan(Number(environment!.DRAIN_SECONDS) + 2);
      expect(seconds('nginx')).toBe(seconds(name));
      expect(environment!.INSTANCE_ID).toBe(name);
    }
  });

  it('starts NGINX when everything behind it is healthy, and checks the health of all', () => {
    const wanted = Object.fromEntries([...apps, 'console'].map((name) => [name, { condition: 'service_healthy' }]));
    expect(service('nginx').depends_on).toEqual(wanted);
    const redis = { condition: 'service_healthy' };
    for (const name of apps) {
      expect(service(name).depends_on).toEqual({ redis, usage: { condition: 'service_started' } });
    }
    for (const { healthcheck, read_only } of Object.values(compose.services)) {
      expect(healthcheck.test.length).toBeGreaterThan(1);
      expect(read_only).toBe(true);
    }
  });

  it('says commands and health checks in texts, as Compose wants them', () => {
    for (const [name, { healthcheck, command = [] }] of Object.entries(compose.services)) {
      const words: unknown[] = [...healthcheck.test, ...command];
      expect(
        words.filter((word) => typeof word !== 'string'),
        name,
      ).toEqual([]);
    }
  });

  it('offers every variable that an instance reads, or there is a reason', () => {
    const offered = Object.keys(service('app-1').environment!);
    const missing = INSTANCE_VARIABLES.filter((name) => !offered.includes(name));
    expect(missing.sort()).toEqual(Object.keys(NOT_OFFERED).sort());
    for (const name of apps) expect(Object.keys(service(name).environment!)).toEqual(offered);
  });

  it('gives instances, by hand and with nothing set, what an instance has by default', () => {
    const config = parseConfig(service('app-1').environment!);
    const usual = { POOL_SCOPE: 'instance', MAX_CONNECTIONS_PER_USER: 3, AUTH_MODE: 'none', DEFAULT_PROVIDER: 'fake' };
    expect(config).toMatchObject({ ...usual, DRAIN_SECONDS: 30 });
    expect(config.WEIR_CONFIG).toBeUndefined();
    // And with keys what their limits need.
    const withKeys = composeFile({ AUTH_MODE: 'keys' }).services['app-1']!.environment!;
    expect(parseConfig(withKeys)).toMatchObject({ POOL_SCOPE: 'cluster', MAX_CONNECTIONS_PER_USER: 9 });
  });

  it('mounts folders that are there before the first start, read-only, and has Docker make none', () => {
    for (const name of [...apps, 'console', 'nginx']) {
      for (const { source, read_only, bind } of bindsOf(service(name))) {
        expect([read_only, bind.create_host_path], source).toEqual([true, false]);
        const isCertificate = source.startsWith('./infrastructure/nginx/ssl/');
        expect(isCertificate || existsSync(path.join(ROOT, source, '.gitignore')), source).toBe(true);
      }
    }
    // Compose goes on without it.
    for (const name of apps) expect(service(name).env_file?.map(({ required }) => required)).toEqual([false]);
    expect(read('infrastructure/containers/.gitignore').split('\n')).toContain('*');
  });

  it('gives each service what it needs of keys and configuration, and nothing else', () => {
    const targets = (name: string) => bindsOf(service(name)).map(({ target }) => target);
    for (const name of apps) {
      expect(targets(name)).toEqual(['/etc/weir/keys', '/etc/weir/config']);
      expect(service(name).environment!.API_KEYS_FILE).toMatch(/^\/etc\/weir\/keys\//);
    }
    expect(path.dirname(MOUNTED_CONFIG)).toBe('/etc/weir/config');
    expect(targets('console')).toEqual(['/etc/weir/keys', '/etc/weir/operator']);
    expect(service('console').environment!.OPERATOR_KEY_FILE).toMatch(/^\/etc\/weir\/operator\//);
    expect(targets('usage')).toEqual([]);
    // Each reader of the files runs as their owner; the keeper as the owner of its volume.
    for (const name of [...apps, 'console']) expect(service(name).user).toBe('node');
    expect(service('usage').user).toBeUndefined();
  });

  it('has the console ask the private listeners of all instances', () => {
    const urls = apps.map((name) => `http://${name}:${service(name).environment!.PEER_PORT}`);
    expect(service('console').environment!.PEER_URLS!.split(',')).toEqual(urls);
    const secret = composeFile({ PEER_SECRET: 'a secret' });
    for (const name of [...apps, 'console']) expect(secret.services[name]!.environment!.PEER_SECRET).toBe('a secret');
  });

  it('has them share a secret by hand too, which the keeper makes and the others only read', () => {
    const { environment, volumes } = service('usage');
    const file = environment!.PEER_SECRET_FILE!;
    const folder = path.dirname(file);
    expect(volumes).toContain(`sse-secret:${folder}`);
    expect(read('Dockerfile')).toContain(`RUN mkdir ${folder} && chown node:node ${folder}`);
    for (const name of [...apps, 'console']) {
      expect(service(name).environment!.PEER_SECRET_FILE).toBe(file);
      const mount = { type: 'volume', source: 'sse-secret', target: folder, read_only: true };
      expect(service(name).volumes).toContainEqual(mount);
    }
  });

  it('keeps the usage of the instances’ Redis in a volume, whose folder the image gives to its account', () => {
    const { environment, volumes, command, image } = service('usage');
    expect(environment!.REDIS_URL).toBe(service('app-1').environment!.REDIS_URL);
    expect([image, command!.at(-1)]).toEqual([service('app-1').image, 'src/stack/usage/main.ts']);
    const folder = path.dirname(environment!.USAGE_FILE!);
    expect(volumes).toContain(`sse-usage:${folder}`);
    expect(Object.keys(compose.volumes)).toEqual(['sse-usage', 'sse-secret']);
    expect(read('Dockerfile')).toContain(`RUN mkdir ${folder} && chown node:node ${folder}`);
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
    expect(service('app-1').environment!.REDIS_URL).toBe(COMPOSE_REDIS_URL);
    expect(composeFile({ REDIS_URL: 'redis://a' }).services['app-1']!.environment!.REDIS_URL).toBe('redis://a');
    expect(COMPOSE_CLUSTER_URL.split(',')).toEqual(nodes.map((name) => `redis://${name}:6379`));
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const stages = lines.flatMap((line) => /^FROM (\S+) AS (\S+)/.exec(line)?.slice(1, 3).join(' ') ?? []);

  it('builds the targets that Compose names, on Node 26', () => {
    expect(stages).toContain('node:26-slim app');
    expect(stages).toContain('app console');
    expect([service('app-1').build!.target, service('console').build!.target]).toEqual(['app', 'console']);
  });

  it('starts an instance with the flags that the native stack has', () => {
    expect(imageCommand()).toEqual(expect.arrayContaining([...INSTANCE_FLAGS]));
  });

  it('has the client package where its link leads: the console imports it by its name', () => {
    const { exports } = JSON.parse(read('packages/client/src/package.json')) as { exports: string };
    expect(read(`packages/client/src/${exports}`)).toContain('openStream');
    expect(read('Dockerfile').split('FROM app AS console')[1]).toContain(
      'COPY packages/client/src packages/client/src',
    );
    expect(read('package-lock.json')).toContain('"resolved": "packages/client/src"');
  });

  it('runs as an account without rights, and copies nothing secret', () => {
    expect(lines).toContain('USER node');
    expect(lines).not.toContain('COPY . .');
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining([
        'infrastructure/nginx/ssl',
        'infrastructure/containers',
        'weir.config.yaml',
        '.weir',
        '.git',
      ]),
    );
  });
});

describe('composeStatus', () => {
  const row = '{"Service":"app-1","State":"running","Health":"healthy"}';
  const down = '{"Service":"nginx","State":"restarting","Health":""}';

  it.each([
    ['a line for each', `${row}\n${down}\n`],
    ['warnings among them', `time="…" level=warning msg="…"\n${row}\n${down}`],
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
