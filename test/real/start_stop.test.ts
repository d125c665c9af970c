import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shortRequest } from '../../src/stack/http_request.ts';
import { isSameProcess } from '../../src/stack/supervisor/process_identity.ts';
import { ownCertificate } from '../support/own_certificate.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';

/** One of its own for each test; most of them start none. */
let stack: StackFixture;
beforeEach(async () => {
  stack = await newStack();
});
afterEach(() => stack.destroy());

const health = () => shortRequest({ url: `${stack.api}/health`, ca: stack.ca });

describe('start and stop', () => {
  it('start, status, start again, stop, stop again', async () => {
    const first = await stack.weir(['start', '--all', ...stack.portFlags]);
    expect(first.stderr).toContain('Starting NGINX');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(`curl -k ${stack.api}/health`);
    const answer = await health();
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'healthy', redis: 'connected' });
    expect(answer.headers['x-gateway-via']).toBe('nginx');

    const status = JSON.parse((await stack.weir(['status', '--json'])).stdout);
    expect(status).toMatchObject({ driver: 'native', url: stack.url, dashboard: stack.dashboard });
    const names = status.services.map(({ name }: { name: string }) => name).sort();
    expect(names).toEqual(['app-1', 'app-2', 'app-3', 'console', 'nginx', 'redis']);
    for (const service of status.services) {
      expect(service).toEqual({
        name: service.name,
        state: 'running',
        pid: expect.any(Number),
        healthy: true,
        address: expect.any(String),
        active_streams: 0,
      });
    }

    const owned = stack.processes();
    const second = await stack.weir(['start', '--all', ...stack.portFlags]);
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('runs already; nothing to do')]);
    expect(stack.processes()).toEqual(owned);

    const other = await stack.weir(['start', '--all', '--instances', '2']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('./weir scale 2')]);

    const { run } = stack.plan();
    expect((await stack.weir(['stop'])).code).toBe(0);
    expect(owned.filter(isSameProcess)).toEqual([]);
    expect(existsSync(run)).toBe(false);
    expect(await stack.listening()).toEqual([]);
    const again = await stack.weir(['stop']);
    expect([again.code, again.stderr]).toEqual([0, 'weir: nothing was running\n']);
  });

  it('a start goes on when its output has no reader any more', async () => {
    await stack.shell(`./weir start ${stack.portFlags.join(' ')} 2>&1 | head -n 1`);
    expect((await stack.services()).map(({ name, healthy }) => [name, healthy])).toEqual([
      ['redis', true],
      ['nginx', true],
    ]);
  });

  it('without --all: NGINX and Redis, to which a later start --all adds the rest', async () => {
    const one = ['--instances', '1', ...stack.portFlags];
    expect((await stack.weir(['start', ...one])).code).toBe(0);
    expect((await stack.services()).map(({ name }) => name)).toEqual(['redis', 'nginx']);
    const answer = await shortRequest({ url: `${stack.api}/health`, ca: stack.ca });
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([502, 'upstream_error']);

    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as {
      checks: { id: string; result: string; fix: string }[];
    };
    const failed = checks.filter(({ result }) => result === 'fail');
    expect(failed).toMatchObject([{ id: 'instances_alive', fix: './weir start --all' }]);
    const load = await stack.weir(['load', '-c', '2', '-n', '2']);
    expect([load.code, load.stderr]).toEqual([3, expect.stringContaining('got a stream')]);
    const unwritable = await stack.weir(['load', '--json', '/nowhere/report.json']);
    expect([unwritable.code, unwritable.stderr]).toEqual([2, expect.stringContaining('there is no folder /nowhere')]);
    const alone = await stack.weir(['scale', '2']);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('./weir start --all')]);
    expect((await stack.weir(['start', '--all', ...one])).code).toBe(0);
    expect((await health()).status).toBe(200);
  });
});

describe('a start that can not be', () => {
  it('names the process that has the port and the option that fixes it, and leaves nothing behind', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(stack.ports.http, '127.0.0.1', resolve));
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags]);
    await new Promise((resolve) => squatter.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`port ${stack.ports.http} is taken by \\S.* \\(pid ${process.pid}\\)`));
    expect(stderr).toContain('--http-port');
    expect(stack.processes()).toEqual([]);
    expect(await stack.listening()).toEqual([]);
  });

  it('says how to install NGINX where there is none and no way to get it', async () => {
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags], { WEIR_PATH: '/nonexistent' });
    expect(code).toBe(1);
    expect(stderr).toContain('nginx and redis-server are missing; install them (for example: sudo apt-get install');
    expect(stack.processes()).toEqual([]);
  });

  it('takes everything back when an instance can not start', async () => {
    const flags = ['--instances', '2', ...stack.portFlags];
    const { code, stderr } = await stack.weir(['start', '--all', ...flags], { LOG_LEVEL: 'nonsense' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/app-\d did not start/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stack.processes()).toEqual([]);
    expect(await stack.listening()).toEqual([]);
    expect(await stack.services()).toEqual([]);
  });

  it('says that the Redis server which was named does not answer, without its password', async () => {
    const flags = ['--redis-url', `redis://:secret@127.0.0.1:${stack.ports.http}`, ...stack.portFlags];
    const { code, stderr } = await stack.weir(['start', '--all', ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/)]);
    expect(stderr).not.toContain('secret');
    expect(stack.processes()).toEqual([]);
  });

  it.each([
    [['start', '--al'], /^weir: unknown option '--al' .*; see \.\/weir start --help\.$/],
    [['start', '--instances', '0'], /^weir: --instances: .*; see \.\/weir start --help\.$/],
    [['scale', 'many'], /^weir: <n> can not be "many": .*; see \.\/weir scale --help\.$/],
    [['keys', 'create', 'x', '--expires', 'tomorrow'], /^weir: --expires .*; see \.\/weir keys create --help\.$/],
    [['scale', '65'], /^weir: .* choose one from 1 to 64\.$/],
    [['load', '-c', '0'], /^weir: -c and -n .*\.$/],
    [['restart', '--rolling', 'app-1'], /^weir: .*\.\/weir restart app-1\.$/],
  ])('says in one sentence what is wrong with %j', async (args, sentence) => {
    const { code, stderr } = await stack.weir(args);
    expect([code, stderr.trimEnd()]).toEqual([2, expect.stringMatching(sentence)]);
  });
});

describe('the certificate', () => {
  it('is renewed when it is broken; one of the operator’s own is served, reported and left alone', async () => {
    const ssl = (name: string) => path.join(stack.state, 'ssl', name);
    await stack.weir(['certs', 'renew']);
    writeFileSync(ssl('localhost.key'), 'broken');
    expect((await stack.weir(['certs', 'show'])).code).toBe(1);
    const start = ['start', '--all', '--instances', '1', ...stack.portFlags];
    const { code, stderr } = await stack.weir(start);
    expect([code, stderr]).toEqual([0, expect.stringContaining('private key is missing or cannot be read')]);
    expect((await health()).status).toBe(200);
    expect((await stack.weir(['certs', 'show'])).code).toBe(0);
    await stack.weir(['stop', '--now']);

    const own = await ownCertificate(['weir.example'], 300);
    writeFileSync(ssl('localhost.crt'), own.certificate);
    writeFileSync(ssl('localhost.key'), own.key);
    const again = await stack.weir(start);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('your own certificate is used as it is')]);
    const asked = await shortRequest({ url: `${stack.api}/health`, ca: own.certificate }).catch((error) => error);
    expect(asked).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout);
    expect(checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'certificate', result: 'warn', what: expect.stringContaining('weir.example') }),
        expect.objectContaining({ id: 'certificate_trust', result: 'ok' }),
      ]),
    );
    const renewed = await stack.weir(['certs', 'renew']);
    expect([renewed.code, renewed.stderr]).toEqual([1, expect.stringContaining('not made by Weir')]);
    expect(readFileSync(ssl('localhost.crt'), 'utf8')).toBe(own.certificate);
    expect(readFileSync(ssl('localhost.key'), 'utf8')).toBe(own.key);
  });
});
