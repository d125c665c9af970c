import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shortRequest } from '../../src/stack/http_request.ts';
import { isSameProcess, type ProcessIdentity } from '../../src/stack/supervisor/process_identity.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { until } from '../support/until.ts';

let stack: StackFixture;
beforeEach(async () => {
  stack = await newStack();
});
afterEach(() => stack.destroy());

const health = () => shortRequest({ url: `${stack.api}/health`, ca: stack.ca });

function processes(): ProcessIdentity[] {
  const file = path.join(stack.state, 'processes.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity[]) : [];
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

async function nothingListens(): Promise<void> {
  for (const port of Object.values(stack.ports)) expect(await listens(port)).toBe(false);
}

const runFolder = () => (JSON.parse(readFileSync(path.join(stack.state, 'plan.json'), 'utf8')) as { run: string }).run;

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

    const owned = processes();
    const second = await stack.weir(['start', '--all', ...stack.portFlags]);
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('runs already; nothing to do')]);
    expect(processes()).toEqual(owned);

    const other = await stack.weir(['start', '--all', '--instances', '2']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('./weir scale 2')]);

    const run = runFolder();
    expect((await stack.weir(['stop'])).code).toBe(0);
    expect(owned.filter(isSameProcess)).toEqual([]);
    expect(existsSync(run)).toBe(false);
    await nothingListens();
    const again = await stack.weir(['stop']);
    expect([again.code, again.stderr]).toEqual([0, 'weir: nothing was running\n']);
  });

  it('without --all: NGINX and Redis, to which a later start --all adds the rest', async () => {
    expect((await stack.weir(['start', ...stack.portFlags])).code).toBe(0);
    expect((await stack.services()).map(({ name }) => name)).toEqual(['redis', 'nginx']);
    const answer = await shortRequest({ url: `${stack.api}/health`, ca: stack.ca });
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([502, 'upstream_error']);

    const { checks } = JSON.parse((await stack.weir(['doctor', '--json'])).stdout) as {
      checks: { id: string; result: string; mend: string }[];
    };
    const failed = checks.filter(({ result }) => result === 'fail');
    expect(failed).toMatchObject([{ id: 'instances_alive', mend: './weir start --all' }]);
    const load = await stack.weir(['load', '-c', '2', '-n', '2']);
    expect([load.code, load.stderr]).toEqual([3, expect.stringContaining('got a stream')]);
    const unwritable = await stack.weir(['load', '--json', '/nowhere/report.json']);
    expect([unwritable.code, unwritable.stderr]).toEqual([2, expect.stringContaining('there is no folder /nowhere')]);
    const alone = await stack.weir(['scale', '2']);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('./weir start --all')]);
    expect((await stack.weir(['start', '--all', ...stack.portFlags])).code).toBe(0);
    expect((await health()).status).toBe(200);
  });

  it('leads HTTP to HTTPS, and keeps the method of a POST', async () => {
    await stack.start(['--instances', '1']);
    const get = await shortRequest({ url: `${stack.httpUrl}/a?b=c` });
    expect([get.status, get.headers.location]).toEqual([301, `${stack.url}/a?b=c`]);
    const post = await shortRequest({ url: `${stack.httpUrl}/api/v1/stream`, method: 'POST', body: '{}' });
    expect([post.status, post.headers.location]).toEqual([308, `${stack.api}/stream`]);
  });
});

describe('the answers of NGINX itself', () => {
  it('are JSON, and leave those of the instances alone', async () => {
    await stack.start(['--instances', '1']);
    const ask = async (options: { path: string; method?: string; body?: string; headers?: Record<string, string> }) => {
      const answer = await shortRequest({ ...options, url: `${stack.url}${options.path}`, ca: stack.ca });
      return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) };
    };
    const origin = `http://localhost:${stack.ports.dashboard}`;

    const metrics = await ask({ path: '/metrics', headers: { origin } });
    expect([metrics.status, metrics.body.error]).toEqual([404, 'not_found']);
    expect(metrics.headers['access-control-allow-origin']).toBe(origin);
    expect((await ask({ path: '/metrics', headers: { origin: 'https://evil.example' } })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );

    const large = await ask({ path: '/api/v1/stream', method: 'POST', body: 'x'.repeat(3 * 1024 * 1024) });
    expect([large.status, large.body.error, large.headers['x-upstream']]).toEqual([
      413,
      'payload_too_large',
      undefined,
    ]);
    const long = await ask({ path: `/api/v1/${'a'.repeat(17_000)}` });
    expect([long.status, long.body.error]).toEqual([414, 'headers_too_large']);
    const headers = { 'x-large': 'a'.repeat(17_000) };
    expect((await ask({ path: '/api/v1/health', headers })).body.error).toBe('headers_too_large');
    const plain = await shortRequest({ url: `http://localhost:${stack.ports.https}/` });
    expect([plain.status, JSON.parse(plain.body).error]).toEqual([400, 'bad_request']);

    const own = await ask({
      path: '/api/v1/stream',
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json', origin },
    });
    expect([own.status, own.body.error]).toEqual([400, 'invalid_json']);
    expect(own.headers['x-instance-id']).toBe('app-1');
    expect(own.headers['x-upstream']).toMatch(/^unix:.*app-1\.sock$/);
    expect(own.headers['access-control-allow-origin']).toBe(origin);

    const forged = await ask({ path: '/api/v1/health', headers: { 'x-upstream': 'me', 'x-gateway-via': 'me' } });
    expect([forged.headers['x-gateway-via'], forged.headers['x-upstream']]).toEqual([
      'nginx',
      own.headers['x-upstream'],
    ]);
  });
});

describe('a start that can not be', () => {
  it('names the process that has the port and the option that mends it, and leaves nothing behind', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(stack.ports.http, '127.0.0.1', resolve));
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags]);
    await new Promise((resolve) => squatter.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`port ${stack.ports.http} is taken by \\S.* \\(pid ${process.pid}\\)`));
    expect(stderr).toContain('--http-port');
    expect(processes()).toEqual([]);
    await nothingListens();
  });

  it('says how to install NGINX where there is none and no way to get it', async () => {
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags], { WEIR_PATH: '/nonexistent' });
    expect(code).toBe(1);
    expect(stderr).toContain('nginx and redis-server are missing; install them (for example: sudo apt-get install');
    expect(processes()).toEqual([]);
  });

  it('takes everything back when an instance can not start', async () => {
    const { code, stderr } = await stack.weir(['start', '--all', ...stack.portFlags], { LOG_LEVEL: 'nonsense' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/app-\d did not start/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(processes()).toEqual([]);
    await nothingListens();
    expect(await stack.services()).toEqual([]);
  });

  it('says that the Redis server which was named does not answer, without its password', async () => {
    const flags = ['--redis-url', `redis://:secret@127.0.0.1:${stack.ports.http}`, ...stack.portFlags];
    const { code, stderr } = await stack.weir(['start', '--all', ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/)]);
    expect(stderr).not.toContain('secret');
    expect(processes()).toEqual([]);
  });

  it.each([
    [['start', '--al'], /^weir: unknown option '--al' .*; see \.\/weir start --help\.$/],
    [['start', '--instances', '0'], /^weir: --instances: .*; see \.\/weir start --help\.$/],
    [['scale', 'many'], /^weir: <n> can not be "many": .*; see \.\/weir scale --help\.$/],
    [['scale', '65'], /^weir: .* take a number from 1 to 64\.$/],
    [['load', '-c', '0'], /^weir: -c and -n .*\.$/],
    [['restart', '--rolling', 'app-1'], /^weir: .*\.\/weir restart app-1\.$/],
  ])('says in one sentence what is wrong with %j', async (args, sentence) => {
    const { code, stderr } = await stack.weir(args);
    expect([code, stderr.trimEnd()]).toEqual([2, expect.stringMatching(sentence)]);
  });
});

describe('the certificate', () => {
  it('is renewed when it is broken, and the stack starts with the new one', async () => {
    await stack.weir(['certs', 'renew']);
    writeFileSync(path.join(stack.state, 'ssl/localhost.crt'), 'broken');
    expect((await stack.weir(['certs', 'show'])).code).toBe(1);
    const { code, stderr } = await stack.weir(['start', '--all', '--instances', '1', ...stack.portFlags]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('the file is not a certificate')]);
    expect((await health()).status).toBe(200);
    expect((await stack.weir(['certs', 'show'])).code).toBe(0);
  });
});

describe('the supervisor', () => {
  it('lives in a session of its own, apart from the terminal', async () => {
    await stack.start(['--instances', '1']);
    const supervisor = processes().find(({ name }) => name === 'supervisor')!;
    // Fields after the name in brackets: state, parent, group, session.
    const stat = readFileSync(`/proc/${supervisor.pid}/stat`, 'utf8');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    expect(session).toBe(supervisor.pid);
    process.kill(supervisor.pid, 'SIGHUP');
    expect((await health()).status).toBe(200);
    expect(isSameProcess(supervisor)).toBe(true);
  });

  it('starts an instance again that was killed, and NGINX uses it again; no request fails meanwhile', async () => {
    await stack.start();
    const pid = await stack.pid('app-2');
    process.kill(pid, 'SIGKILL');
    const statuses = new Set<number>();
    await until('NGINX uses app-2 again', async () => {
      const answer = await health();
      statuses.add(answer.status);
      return stack.log('supervisor').includes('instance gets requests again');
    });
    expect([...statuses]).toEqual([200]);
    expect(await stack.pid('app-2')).not.toBe(pid);
    expect(stack.log('supervisor')).toContain('"reason":"signal SIGKILL"');
  });

  it('starts NGINX again when its master is killed, workers and all', async () => {
    await stack.start(['--instances', '1']);
    process.kill(await stack.pid('nginx'), 'SIGKILL');
    await until('NGINX is back', () => stack.log('supervisor').includes('"event":"service is back","service":"nginx"'));
    expect((await health()).status).toBe(200);
    // With a limit for vanished clients, both times.
    expect(stack.log('nginx').match(/using inherited sockets/g)).toHaveLength(2);
  });

  it('restarts one service on request', async () => {
    await stack.start(['--instances', '2']);
    const pid = await stack.pid('app-1');
    expect((await stack.weir(['restart', 'app-1'])).code).toBe(0);
    expect(await stack.pid('app-1')).not.toBe(pid);
    const unknown = await stack.weir(['restart', 'app-9']);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('app-9')]);
  });

  it('leaves a stack that the next command can clear away when it is killed itself', async () => {
    await stack.start(['--instances', '1']);
    const owned = processes();
    process.kill(owned.find(({ name }) => name === 'supervisor')!.pid, 'SIGKILL');
    await until('the supervisor is gone', () => !isSameProcess(owned[0]!));
    const status = await stack.weir(['status']);
    expect([status.code, status.stderr]).toEqual([
      0,
      expect.stringMatching(/supervisor is gone.*\.\/weir start --all/),
    ]);
    expect(status.stdout).toMatch(/app-1 +unwatched/);
    const doctor = await stack.weir(['doctor']);
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining('supervisor is gone')]);
    expect(doctor.stdout).not.toContain('is taken by');
    expect((await stack.weir(['stop'])).code).toBe(0);
    expect(owned.filter(isSameProcess)).toEqual([]);
    await nothingListens();
  });

  it("keeps its sockets from everybody but NGINX's workers", async () => {
    await stack.start(['--instances', '1']);
    const run = runFolder();
    expect(statSync(run).mode & 0o007).toBe(0);
    expect(statSync(path.join(run, 'private')).mode & 0o077).toBe(0);
  });
});
