import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../../src/console/build_console.ts';
import { ROUTES } from '../../../src/console/console_access.ts';
import { Logins } from '../../../src/console/logins.ts';
import { RunBook } from '../../../src/console/run_book.ts';
import { StackServices } from '../../../src/console/stack_services.ts';
import { RunStore } from '../../../src/load/node/run_store.ts';
import { loadPlan } from '../../support/load_plan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-console-'));
  mkdirSync(join(folder, 'built', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret of the machine');
  writeFileSync(join(folder, 'built', 'index.html'), '<title>Weir</title>');
  writeFileSync(join(folder, 'built', 'assets', 'index-abc.js'), 'export {};');
});
afterAll(() => rmSync(folder, { recursive: true }));

const base = {
  host: '127.0.0.1',
  port: 3077,
  socket: undefined,
  proxiedPort: undefined,
  connectTo: undefined,
  apiBaseUrl: 'https://localhost:9443/api/v1',
  caFile: undefined,
  runsDir: '/nowhere',
  controlSocket: undefined,
  instanceUrls: undefined,
  token: undefined,
  tokenFile: undefined,
  sessionsFile: undefined,
  peerUrls: [],
  peerSecret: '',
  peerSecretFile: undefined,
  apiKeysFile: undefined,
  operatorKeyFile: undefined,
};
const TOKEN = 'a token for tests';
const parts = () => ({
  book: new RunBook(new RunStore(join(folder, 'runs')), () => {}),
  stack: new StackServices(undefined),
  token: TOKEN,
  logins: new Logins(undefined),
  onFailure: () => {},
});
/** No request of `inject` has a socket, so it comes from no account: each shows what lets it in. */
const program = { 'x-console-token': TOKEN };
const built = () => ({ ...base, dashboardDir: join(folder, 'built') });
const get = (url: string, surface: 'local' | 'proxied' = 'local', host = 'localhost:3001', headers: object = {}) =>
  buildConsole(built(), surface, parts()).inject({ url, headers: { host, ...headers } });

describe('the console', () => {
  it('gives the page the API’s address, and behind NGINX the page’s own origin', async () => {
    expect((await get('/config.json', 'local', 'localhost:3001', program)).json()).toEqual({
      apiBaseUrl: 'https://localhost:9443/api/v1',
      canRun: true,
      canDrill: false,
      instances: [],
      consoleUrl: 'http://localhost:3077',
      login: false,
    });
    expect((await get('/config.json', 'proxied', 'weir.example')).json()).toEqual({
      apiBaseUrl: '/api/v1',
      canRun: false,
      canDrill: false,
      instances: [],
      consoleUrl: 'http://localhost:3077',
      login: true,
    });
  });

  it('names the instances that there should be: of the supervisor’s plan, else those that its environment names', async () => {
    const planFile = join(folder, 'supervisor.json');
    const services = ['redis', 'app-1', 'app-2', 'console', 'nginx'].map((name) => {
      return { name, kind: name.startsWith('app-') ? 'instance' : name };
    });
    writeFileSync(planFile, JSON.stringify({ services }));
    const urls = new Map([['app-7', 'http://app-7:8000']]);
    const expected = async (stack: StackServices) =>
      (
        await buildConsole(built(), 'local', { ...parts(), stack }).inject({
          url: '/config.json',
          headers: { host: 'localhost' },
        })
      ).json().instances;
    expect(await expected(new StackServices(undefined, undefined, planFile))).toEqual(['app-1', 'app-2']);
    expect(await expected(new StackServices(undefined, urls))).toEqual(['app-7']);
  });

  it('lets hashed files be kept for ever, and asks for the page each time', async () => {
    const script = await get('/assets/index-abc.js');
    expect([script.statusCode, script.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    const page = await get('/');
    expect([page.body, page.headers['cache-control']]).toEqual(['<title>Weir</title>', 'no-cache']);
  });

  it('gives the page for any path of a page, and 404 for a file or an API path that is not there', async () => {
    expect((await get('/runs/12')).body).toBe('<title>Weir</title>');
    for (const path of ['/assets/index-old.js', '/logo.png', '/api/v1/health']) {
      expect((await get(path)).statusCode, path).toBe(404);
    }
  });

  it('serves nothing from outside its folder', async () => {
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt']) {
      expect((await get(path)).body, path).not.toContain('secret of');
    }
  });

  it('refuses a Host that is not this machine on its port, and only there', async () => {
    for (const host of ['localhost:3001', '127.0.0.1', '[::1]:3001']) {
      expect((await get('/healthz', 'local', host)).statusCode, host).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example:3001']) {
      expect((await get('/healthz', 'local', host)).statusCode, host).toBe(403);
    }
    expect((await get('/healthz', 'proxied', 'weir.example')).statusCode).toBe(200);
  });

  it('says how to build a dashboard that is not there', async () => {
    const app = buildConsole({ ...base, dashboardDir: join(folder, 'nothing') }, 'local', parts());
    const page = await app.inject({ url: '/', headers: { host: 'localhost' } });
    expect(page.statusCode).toBe(503);
    expect(page.body).toContain('npm run build -w performance_dashboard');
  });

  const change = (headers: Record<string, string>, surface: 'local' | 'proxied' = 'local') => {
    const { logins, ...rest } = parts();
    const cookie = `a=b; weir_login_3077=${logins.enter(logins.newCode())}`;
    return buildConsole(built(), surface, { logins, ...rest }).inject({
      method: 'POST',
      url: '/api/runs/none/stop',
      headers: {
        host: 'localhost:3001',
        'content-type': 'application/json',
        ...headers,
        ...(headers.cookie === 'login' ? { cookie } : {}),
      },
    });
  };

  it.each<[string, Record<string, string>, number]>([
    ['its own page, logged in', { origin: 'http://localhost:3001', cookie: 'login' }, 202],
    ['its own page, by address', { host: '127.0.0.1:3001', origin: 'http://127.0.0.1:3001', cookie: 'login' }, 202],
    ['its own page, with another cookie', { origin: 'http://localhost:3001', cookie: 'weir_login_3077=x' }, 401],
    ['its own page for another account', { origin: 'http://localhost:3001' }, 401],
    ['a program with the token', { 'x-console-token': TOKEN }, 202],
    ['a program with another token', { 'x-console-token': 'a token of tests' }, 403],
    ['a program without one', { cookie: 'login' }, 403],
    ['another site', { origin: 'https://evil.example', cookie: 'login' }, 403],
    ['another port of this machine', { origin: 'http://localhost:8080', cookie: 'login' }, 403],
    ['the page behind NGINX', { origin: 'https://localhost:3001', cookie: 'login' }, 403],
    ['a sandboxed page that knows the token', { origin: 'null', 'x-console-token': TOKEN }, 403],
    ['a form', { origin: 'http://localhost:3001', 'content-type': 'text/plain', cookie: 'login' }, 403],
    ['a rebound name', { host: 'evil.example:3001', origin: 'http://evil.example:3001', cookie: 'login' }, 403],
  ])('lets %s change things only with the right headers', async (_, headers, status) => {
    expect((await change(headers)).statusCode).toBe(status);
  });

  it('lets a browser that is logged in through NGINX, by its own origin there, and holders of a secret of the stack’s account', async () => {
    const origin = 'https://localhost:3001';
    expect((await change({ origin }, 'proxied')).statusCode).toBe(401);
    expect((await change({ origin, cookie: 'login' }, 'proxied')).statusCode).toBe(202);
    expect((await change({ origin: 'http://localhost:3001', cookie: 'login' }, 'proxied')).statusCode).toBe(403);
    expect((await change(program, 'proxied')).statusCode).toBe(202);
    expect((await get('/api/runs', 'proxied', 'weir.example')).statusCode).toBe(401);
    expect((await get('/api/runs', 'proxied', 'weir.example', program)).json()).toEqual({ runs: [] });
    expect((await get('/metrics', 'proxied')).body).toBe('<title>Weir</title>');
  });

  it('takes the operator’s key, where clients need one', async () => {
    const operatorKeyFile = join(folder, 'operator.key');
    writeFileSync(operatorKeyFile, 'weir_1_key\n');
    const ask = (headers: object, config: object = { operatorKeyFile }) =>
      buildConsole({ ...built(), ...config }, 'proxied', parts()).inject({ url: '/api/runs', headers: { ...headers } });
    expect((await ask({ authorization: 'Bearer weir_1_key' })).statusCode).toBe(200);
    expect((await ask({ 'x-api-key': 'weir_1_key' })).statusCode).toBe(200);
    expect((await ask({ 'x-api-key': 'weir_2_key' })).statusCode).toBe(401);
    expect((await ask({ 'x-api-key': 'weir_1_key' }, {})).statusCode).toBe(401);
  });

  it('lets another site’s page read nothing, in any browser', async () => {
    for (const [site, status] of Object.entries({
      'cross-site': 403,
      'same-site': 403,
      'same-origin': 200,
      none: 200,
    })) {
      const headers = { ...program, 'sec-fetch-site': site };
      expect((await get('/api/runs', 'local', 'localhost:3001', headers)).statusCode, site).toBe(status);
    }
  });

  it('gives nothing but the page to a stranger, and has no route that does not say who may use it', async () => {
    const open = Object.keys(ROUTES).filter((route) => ROUTES[route] === 'open');
    expect(open).toEqual(['GET /', 'GET /*', 'GET /healthz', 'GET /config.json', 'GET /login', 'GET /metrics']);
    for (const surface of ['local', 'proxied'] as const) {
      const app = buildConsole(built(), surface, parts());
      const origin = surface === 'local' ? 'http://localhost:3001' : 'https://localhost:3001';
      const headers = { host: 'localhost:3001', origin, 'content-type': 'application/json' };
      for (const route of Object.keys(ROUTES).filter((each) => !open.includes(each))) {
        const [method, url] = route.split(' ') as ['GET', string];
        expect(app.hasRoute({ method, url }), `${route}, ${surface}`).toBe(true);
        expect((await app.inject({ method, url, headers })).statusCode, `${route}, ${surface}`).toBe(401);
        if (method === 'GET') expect((await app.inject({ method: 'HEAD', url, headers })).statusCode).toBe(401);
      }
    }
    const app = buildConsole(built(), 'local', parts());
    expect(() => app.get('/api/new', async () => ({}))).toThrow(/Add the route GET \/api\/new/);
  });

  it('logs a browser in by a link that works once, and gives another to those it knows', async () => {
    const app = buildConsole(built(), 'local', parts());
    const headers = { host: 'localhost:3001', 'content-type': 'application/json' };
    const made = await app.inject({ method: 'POST', url: '/api/logins', headers: { ...headers, ...program } });
    const { path } = made.json() as { path: string };
    expect((await app.inject({ method: 'HEAD', url: path, headers })).headers['set-cookie']).toBeUndefined();
    const first = await app.inject({ url: path, headers });
    expect([first.statusCode, first.headers.location]).toEqual([303, '/']);
    const cookie = `${first.headers['set-cookie']}`;
    expect(cookie).toMatch(/^weir_login_3077=[\w-]{32}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    const inside = { ...headers, cookie: cookie.split(';', 1)[0]! };
    expect((await app.inject({ url: '/api/runs', headers: inside })).statusCode).toBe(200);
    for (const url of [path, '/login?code=x', '/login?code=a&code=b', '/login']) {
      const page = await app.inject({ url, headers });
      expect([page.statusCode, page.body], url).toEqual([403, expect.stringContaining('./weir dashboard')]);
      expect(page.headers['set-cookie'], url).toBeUndefined();
    }
  });

  const post = (url: string, payload: unknown) =>
    buildConsole(built(), 'local', parts()).inject({
      method: 'POST',
      url,
      headers: { host: 'localhost:3001', 'content-type': 'application/json', 'x-console-token': TOKEN },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });

  it.each<[string, string, unknown, number, RegExp]>([
    ['half a plan', '/api/runs', { plan: { url: 'https://localhost' } }, 422, /mode/],
    ['no requests', '/api/runs', { plan: loadPlan({ requests: 0 }) }, 422, /requests|mode/],
    ['an address of no server', '/api/runs', { plan: loadPlan({ url: 'ftp://x' }) }, 422, /not an http/],
    ['users elsewhere', '/api/runs', { plan: loadPlan({ url: 'https://x.example', users: 2 }) }, 422, /key each/],
    [
      'an instance that is not there',
      '/api/runs',
      { plan: loadPlan({ target: { kind: 'instance', name: 'a' } }) },
      422,
      /a cannot be reached/,
    ],
    ['no JSON', '/api/runs', '{', 400, /JSON object/],
    ['no object', '/api/runs', 'null', 400, /JSON object/],
    ['a comparison without a stack', '/api/comparison', {}, 422, /native stack/],
    ['a drill without a stack', '/api/drills', { service: 'app-1', action: 'kill' }, 422, /native stack/],
    ['a drill of its own making', '/api/drills', { service: 'app-1', action: 'burn' }, 422, /kill, stop/],
    ['a report that is none', '/api/runs/import', { plan: loadPlan(), report: {} }, 422, /report/],
  ])('refuses %s with a sentence', async (_, url, payload, status, message) => {
    const answer = await post(url, payload);
    expect([answer.statusCode, answer.json().message]).toEqual([status, expect.stringMatching(message)]);
  });
});
