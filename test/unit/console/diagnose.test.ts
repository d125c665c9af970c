import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/console/diagnose.ts';
import { type ApiProbe, probeApi } from '../../../src/console/probe_api.ts';
import type { ClusterView, InstanceView } from '../../../src/formats/cluster/cluster_view.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const health = {
  status: 'healthy',
  redis: 'connected',
  timestamp: '2026-11-23T12:00:00Z',
  instance: 'app-2',
  version: '0.1.0',
  pool: {
    state: 'healthy',
    total_connections: 0,
    max_connections: 10_000,
    max_connections_per_user: 3,
    users: 0,
    scope: 'instance',
  },
  config: { loaded_at: '2026-11-23T11:00:00Z', reloads: 0, refused: false },
} as const;
const certificate = {
  validFrom: new Date('2026-01-01'),
  validTo: new Date('2027-12-31'),
  matchesHost: true,
  names: 'DNS:localhost',
  publiclyTrusted: true,
};
const well: ApiProbe = {
  url: 'https://localhost/api/v1/health',
  failure: null,
  certificate,
  status: 200,
  via: 'nginx',
  health,
  cluster: null,
};
const bad = (change: Partial<ApiProbe>) =>
  diagnose({ ...well, ...change }, NOW)
    .filter(({ status }) => status !== 'ok')
    .map(({ id, status, fix }) => `${id} ${status}: ${fix}`);

describe('the diagnosis', () => {
  it('finds nothing where all is well', () => {
    expect(diagnose(well, NOW).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'reach ok',
      'certificate ok',
      'balancer ok',
      'instances ok',
      'redis ok',
    ]);
  });

  it.each([
    ['NGINX down', { failure: 'refused' }, 'reach fail: ./weir start --all'],
    ['a silent port', { failure: 'timeout' }, 'reach fail: ./weir doctor'],
    ['a port without TLS', { failure: 'not_tls' }, 'certificate fail: ./weir doctor'],
    ['an unknown name', { failure: { code: 'ENOTFOUND' } }, 'reach fail: ./weir doctor'],
    ['no instance', { status: 502, health: null }, 'instances fail: ./weir status'],
    ['instances that start', { status: 503, health: null }, 'instances fail: ./weir status'],
    ['something else', { status: 200, health: null }, 'instances fail: ./weir doctor'],
    ['no balancer', { via: null }, 'balancer warn: Set API_BASE_URL of the console to the address of NGINX.'],
    ['no Redis', { health: { ...health, redis: 'disconnected' } }, 'redis warn: ./weir logs redis'],
  ] as [string, Partial<ApiProbe>, string][])('names %s and its fix', (_name, change, expected) => {
    expect(bad(change)).toEqual([expected]);
  });

  it('names instances that should be there, and providers that are left alone for failing', () => {
    const instance = (id: string, breakers: Record<string, string>) => ({ id, breakers }) as unknown as InstanceView;
    const instances = [instance('app-1', { a: 'open', b: 'closed' }), instance('app-3', { a: 'half_open' })];
    const cluster = { instances } as ClusterView;
    const found = diagnose({ ...well, cluster }, NOW, ['app-1', 'app-2', 'app-3']).filter(
      ({ status }) => status !== 'ok',
    );
    expect(found.map(({ id, what, fix }) => [id, what, fix])).toEqual([
      ['instances', 'app-2 of 3 instances does not answer.', './weir restart app-2'],
      ['providers', 'skipped for failing: a (by app-1, app-3)', './weir logs app-1'],
    ]);
    const calm = { instances: [instance('app-1', { b: 'closed' })] } as ClusterView;
    expect(diagnose({ ...well, cluster: calm }, NOW, ['app-1']).every(({ status }) => status === 'ok')).toBe(true);
  });

  it.each([
    ['past its date', { validTo: new Date('2026-11-22') }, 'certificate fail: ./weir certs renew'],
    ['not valid yet', { validFrom: new Date('2026-11-24') }, 'certificate fail: ./weir certs renew'],
    ['for another name', { matchesHost: false }, 'certificate fail: ./weir certs renew'],
    ['near its end', { validTo: new Date('2026-11-25') }, 'certificate warn: ./weir certs renew'],
    [
      'of an authority that browsers do not know',
      { publiclyTrusted: false },
      'certificate warn: Open https://localhost once and accept the certificate.',
    ],
  ])('names a certificate that is %s', (_name, change, expected) => {
    expect(bad({ certificate: { ...certificate, ...change } })).toEqual([expected]);
  });
});

describe('the probe', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const listen = async (server: Server): Promise<string> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('reads health and the way over plain http', async () => {
    const address = await listen(
      createServer((_request, response) => {
        response.setHeader('x-gateway-via', 'nginx');
        response.end(JSON.stringify(health));
      }),
    );
    expect(await probeApi(`http://${address}/api/v1`)).toMatchObject({
      failure: null,
      certificate: null,
      status: 200,
      via: 'nginx',
      health: { instance: 'app-2' },
    });
  });

  it('connects to the given address, under the name of the URL', async () => {
    let host: string | undefined;
    const address = await listen(
      createServer((request, response) => {
        host = request.headers.host;
        response.end(JSON.stringify(health));
      }),
    );
    expect((await probeApi('http://weir.example/api/v1', address)).status).toBe(200);
    expect(host).toBe('weir.example');
  });

  it('distinguishes a closed port, a silent one and one without TLS', async () => {
    const closed = createTcpServer();
    const address = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    expect((await probeApi(`https://${address}/api/v1`)).failure).toBe('refused');

    const silent = await listen(createTcpServer((socket) => socket.on('error', () => {})));
    expect((await probeApi(`https://${silent}/api/v1`, undefined, 100)).failure).toBe('timeout');

    const plain = await listen(
      createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad\r\n\r\n')),
    );
    expect((await probeApi(`https://${plain}/api/v1`)).failure).toBe('not_tls');
  });
});
