import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortRequest } from '../../src/stack/http_request.ts';
import { isSameProcess } from '../../src/stack/supervisor/process_identity.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { until } from '../support/until.ts';

const FLAGS = ['--instances', '2'];
let stack: StackFixture;
beforeAll(async () => {
  stack = await newStack();
  await stack.start(FLAGS);
});
afterAll(() => stack.destroy());

const health = () => shortRequest({ url: `${stack.api}/health`, ca: stack.ca });

describe('the plain port of NGINX', () => {
  it('leads HTTP to HTTPS, and keeps the method of a POST', async () => {
    const get = await shortRequest({ url: `${stack.httpUrl}/a?b=c` });
    expect([get.status, get.headers.location]).toEqual([301, `${stack.url}/a?b=c`]);
    const post = await shortRequest({ url: `${stack.httpUrl}/api/v1/stream`, method: 'POST', body: '{}' });
    expect([post.status, post.headers.location]).toEqual([308, `${stack.api}/stream`]);
  });
});

describe('the answers of NGINX itself', () => {
  it('are JSON, and leave those of the instances alone', async () => {
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
    expect(own.headers['x-upstream']).toMatch(new RegExp(`^unix:.*${own.headers['x-instance-id']}\\.sock$`));
    expect(own.headers['access-control-allow-origin']).toBe(origin);

    const forged = await ask({ path: '/api/v1/health', headers: { 'x-upstream': 'me', 'x-gateway-via': 'me' } });
    expect(forged.headers['x-gateway-via']).toBe('nginx');
    expect(forged.headers['x-upstream']).toMatch(/^unix:.*app-[12]\.sock$/);
  });
});

describe('the supervisor', () => {
  it('lives in a session of its own, apart from the terminal', async () => {
    const supervisor = stack.processes().find(({ name }) => name === 'supervisor')!;
    // Fields after the name in brackets: state, parent, group, session.
    const stat = readFileSync(`/proc/${supervisor.pid}/stat`, 'utf8');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    expect(session).toBe(supervisor.pid);
    process.kill(supervisor.pid, 'SIGHUP');
    expect((await health()).status).toBe(200);
    expect(isSameProcess(supervisor)).toBe(true);
  });

  it('starts an instance again that was killed, and NGINX uses it again; no request fails meanwhile', async () => {
    const pid = await stack.pid('app-2');
    const says = stack.sinceNow('supervisor');
    process.kill(pid, 'SIGKILL');
    const statuses = new Set<number>();
    await until(
      'NGINX uses app-2 again',
      async () => {
        const answer = await health();
        statuses.add(answer.status);
        return says('instance gets requests again');
      },
      60_000,
    );
    expect([...statuses]).toEqual([200]);
    expect(await stack.pid('app-2')).not.toBe(pid);
    expect(says('"reason":"signal SIGKILL"')).toBe(true);
  });

  it('has instances that die again and again used as soon as they are back', async () => {
    const says = stack.sinceNow('supervisor');
    const lines = (event: string) =>
      stack
        .log('supervisor')
        .split('\n')
        .filter((line) => line.includes(event));
    const before = lines('instance gets requests again').length;
    const deaths = 3;
    for (let death = 1; death <= deaths; death++) {
      for (const name of ['app-1', 'app-2']) process.kill(await stack.pid(name), 'SIGKILL');
      // While both are away NGINX sees them fail, and takes them for dead.
      await until(
        'both are used again',
        async () => {
          await Promise.all(Array.from({ length: 4 }, () => health().catch(() => undefined)));
          return lines('instance gets requests again').length === before + 2 * death;
        },
        60_000,
      );
    }
    expect(says('got no request from NGINX')).toBe(false);
    // A round is a fifth of a second at the least.
    const rounds = lines('instance gets requests again')
      .slice(before)
      .map((line) => (JSON.parse(line) as { rounds: number }).rounds);
    expect(rounds).toHaveLength(2 * deaths);
    expect(Math.max(...rounds)).toBeLessThan(10);
  });

  it('starts NGINX again when its master is killed, workers and all', async () => {
    const says = stack.sinceNow('supervisor');
    const inherited = () => stack.log('nginx').match(/using inherited sockets/g)?.length ?? 0;
    const before = inherited();
    process.kill(await stack.pid('nginx'), 'SIGKILL');
    await until('NGINX is back', () => says('"event":"service is back","service":"nginx"'));
    expect((await health()).status).toBe(200);
    // With a limit for vanished clients this time, too.
    expect(inherited()).toBe(before + 1);
  });

  it('restarts one service on request', async () => {
    const pid = await stack.pid('app-1');
    expect((await stack.weir(['restart', 'app-1'])).code).toBe(0);
    expect(await stack.pid('app-1')).not.toBe(pid);
    const unknown = await stack.weir(['restart', 'app-9']);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('app-9')]);
  });

  it("keeps its sockets from everybody but NGINX's workers", async () => {
    const { run } = stack.plan();
    expect(statSync(run).mode & 0o007).toBe(0);
    expect(statSync(path.join(run, 'private')).mode & 0o077).toBe(0);
  });

  it('leaves a stack that the next command can clear away when it is killed itself', async () => {
    // The last one leaves no stack: a second try starts it again.
    await stack.start(FLAGS);
    const owned = stack.processes();
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
    expect(await stack.listening()).toEqual([]);
  });
});
