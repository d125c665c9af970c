import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../../src/console/build_console.ts';

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
  port: 0,
  socket: undefined,
  proxiedPort: undefined,
  connectTo: undefined,
  apiBaseUrl: 'https://localhost:9443/api/v1',
};
const built = () => ({ ...base, dashboardDir: join(folder, 'built') });
const get = (url: string, surface: 'local' | 'proxied' = 'local', host = 'localhost:3001') =>
  buildConsole(built(), surface).inject({ url, headers: { host } });

describe('the console', () => {
  it('tells the page the API’s address, and behind NGINX the page’s own origin', async () => {
    expect((await get('/config.json')).json()).toEqual({ apiBaseUrl: 'https://localhost:9443/api/v1' });
    expect((await get('/config.json', 'proxied', 'weir.example')).json()).toEqual({ apiBaseUrl: '/api/v1' });
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
    const app = buildConsole({ ...base, dashboardDir: join(folder, 'nothing') }, 'local');
    const page = await app.inject({ url: '/', headers: { host: 'localhost' } });
    expect(page.statusCode).toBe(503);
    expect(page.body).toContain('npm run build -w performance_dashboard');
  });
});
