import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueLeaf } from '../../src/stack/certificates/issue_certificates.ts';
import type { Check } from '../../src/stack/doctor/check.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { buildDashboard } from '../../src/stack/native/build_dashboard.ts';
import { startInstance } from '../support/instance.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { until } from '../support/until.ts';

/** Room for this machine's file limit, whatever it is. */
const FLAGS = ['--max-connections', '300'];
const PATIENCE_MS = 30_000;
let stack: StackFixture;
const started: ChildProcess[] = [];

beforeAll(async () => {
  stack = await newStack({ DRAIN_SECONDS: '0' });
  await stack.start(FLAGS);
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await stack.destroy();
});

/** What the doctor is not content with; that nobody trusts the certificate of a test is as it should be. */
async function complaints(line = './weir doctor --json'): Promise<Check[]> {
  const { stdout } = await stack.shell(line);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return checks.filter(({ id, result }) => result !== 'ok' && id !== 'certificate_trust');
}

/** Looks until the doctor says what is awaited; fails with what it said last. */
async function complaintsUntil(what: string, isAwaited: (found: Check[]) => boolean): Promise<Check[]> {
  let last: Check[] = [];
  const look = async () => {
    last = await complaints();
    return isAwaited(last) ? last : undefined;
  };
  return until(what, look, PATIENCE_MS).catch((error: Error) => {
    throw new Error(`${error.message}; the doctor says ${JSON.stringify(last)}`);
  });
}

/** Waits until the doctor names the fault, as the only one, in these words. Returns the command that mends it. */
async function namedAs(id: Check['id'], words: RegExp): Promise<string> {
  const found = await complaintsUntil(id, (checks) => checks.some((check) => check.id === id));
  expect(found).toMatchObject([{ id, what: expect.stringMatching(words), why: expect.stringMatching(/\w/) }]);
  return found[0]!.mend;
}

/** Runs what the doctor said, and waits until it is content. */
async function mendedBy(command: string): Promise<void> {
  const { code, stderr } = await stack.shell(command);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  await complaintsUntil(`nothing, after ${command}`, (checks) => checks.length === 0);
}

const stateOf = (name: string) => JSON.parse(readFileSync(path.join(stack.state, name), 'utf8'));
/** Also of the supervisor. */
const pidOf = (service: string) =>
  (stateOf('processes.json') as { name: string; pid: number }[]).find(({ name }) => name === service)!.pid;
const signal = (service: string, what: NodeJS.Signals) => process.kill(pidOf(service), what);
const confFile = () => path.join(stack.state, 'nginx.conf');
const workers = (master: number) =>
  readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').map(Number);

/** Changes NGINX's configuration by hand, and has it taken up. */
async function edit(change: (conf: string) => string): Promise<void> {
  const before = readFileSync(confFile(), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(confFile(), after);
  const master = pidOf('nginx');
  const old = workers(master);
  process.kill(master, 'SIGHUP');
  await until('NGINX has new workers', () => !workers(master).some((pid) => old.includes(pid)));
}

const consoleFindings = async () => {
  const answer = await shortRequest({ url: `${stack.dashboard}/api/diagnose`, timeoutMs: 15_000 });
  return (JSON.parse(answer.body) as { findings: (Omit<Check, 'result'> & { status: string })[] }).findings;
};

describe('the doctor of a stack that is well', () => {
  it('finds nothing, and the console says the same', async () => {
    // On a busy machine nine streams may begin too far apart to be held at the same time; then it looks again.
    await complaintsUntil('nothing', (checks) => checks.length === 0);
    const { stdout } = await stack.weir(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const findings = await consoleFindings();
    expect(findings.map(({ id, area }) => [id, area])).toEqual(checks.map(({ id, area }) => [id, area]));
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(checks.find(({ id }) => id === 'balance')?.what).toMatch(/^9 held streams: /);
  });

  it('says that an address which bypasses NGINX has no balancer', async () => {
    const bypass = await stack.weir(['doctor', '--json'], { VITE_API_BASE_URL: 'http://localhost:8000/api/v1' });
    expect(bypass.code).toBe(1);
    expect(bypass.stdout).toContain('429 after 3 concurrent connections');
  });

  it('leaves the streams of others alone', async () => {
    const body = JSON.stringify({ query: 'x', model: 'm', provider: 'fake', fake: { fault: 'hang@1' } });
    const leave = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const first = Promise.withResolvers<void>();
    const url = `${stack.api}/stream`;
    const held = shortRequest({
      url,
      method: 'POST',
      headers,
      body,
      timeoutMs: 60_000,
      signal: leave.signal,
      onData: () => first.resolve(),
    });
    await first.promise;
    const { stdout } = await stack.weir(['doctor', '--json']);
    const balance = (JSON.parse(stdout) as { checks: Check[] }).checks.find(({ id }) => id === 'balance');
    expect(balance).toMatchObject({ result: 'ok', what: 'not looked at: others have 1 streams open' });
    leave.abort();
    await expect(held).rejects.toThrow();
  });
});

describe('the doctor names what is broken, and its command mends it:', () => {
  it('NGINX is frozen', async () => {
    const master = pidOf('nginx');
    for (const pid of [master, ...workers(master)]) process.kill(pid, 'SIGSTOP');
    const mend = await namedAs('nginx_running', /^NGINX .*does not answer$/);
    expect(mend).toBe('./weir restart nginx');
    await mendedBy(mend);
  });

  it('another program has its port', async () => {
    const { https } = stack.ports;
    const listen = `(function go() {
      require('net').createServer().on('error', () => setTimeout(go, 1)).listen(${https}, '127.0.0.1', () => console.log());
    })();`;
    const squatter = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    started.push(squatter);
    const listens = once(squatter.stdout, 'data');
    // It comes back 200 ms later, and finds its port taken.
    signal('nginx', 'SIGKILL');
    await listens;
    const mend = await namedAs('ports', new RegExp(`^port ${https} is taken by \\S+ \\(pid ${squatter.pid}\\)$`));
    expect(mend).toBe(`kill ${squatter.pid} && ./weir restart nginx`);
    await mendedBy(mend);
  });

  it('the certificate has expired', async () => {
    const ssl = (name: string) => path.join(stack.state, 'ssl', name);
    const authority = { certificate: stack.ca, key: readFileSync(ssl('ca.key'), 'utf8') };
    const old = await issueLeaf(authority, new Date(Date.now() - 40 * 86_400_000), 30);
    writeFileSync(ssl('localhost.crt'), old.certificate + authority.certificate);
    writeFileSync(ssl('localhost.key'), old.key);
    const mend = await namedAs('certificate', /it expired on \d{4}-/);
    expect(mend).toBe('./weir certs renew && ./weir restart nginx');
    await mendedBy(mend);
  });

  it('one instance is frozen', async () => {
    signal('app-2', 'SIGSTOP');
    const mend = await namedAs('instances_alive', /^app-2 of 3 instances does not answer$/);
    expect(mend).toBe('./weir restart app-2');
    await mendedBy(mend);
  });

  it('all instances are frozen, and the console says the same', async () => {
    for (const name of ['app-1', 'app-2', 'app-3']) signal(name, 'SIGSTOP');
    const mend = await namedAs('instances_alive', /^none of the 3 instances answers$/);
    const ill = (await consoleFindings()).filter(({ status }) => status === 'fail');
    expect(ill).toMatchObject([{ id: 'instances_alive', mend, area: 'instances', why: /502 Bad Gateway/ }]);
    expect(mend).toBe('./weir restart');
    await mendedBy(mend);
  });

  it('text is collected on its way', async () => {
    await edit((conf) =>
      conf.replaceAll('proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'),
    );
    const mend = await namedAs('unbuffered', /something collects them$/);
    expect(mend).toBe('./weir restart nginx');
    await mendedBy(mend);
  });

  it('the upstream has no zone', async () => {
    await edit((conf) => conf.replace('zone sse_backend 256k;', ''));
    const mend = await namedAs('shared_zone', /^the upstream sse_backend has no zone$/);
    expect(mend).toBe('./weir restart nginx');
    await mendedBy(mend);
  });

  it('Redis is frozen', async () => {
    signal('redis', 'SIGSTOP');
    const mend = await namedAs('redis_server', /^Redis at unix:.* does not answer/);
    expect(mend).toBe('./weir restart redis');
    await mendedBy(mend);
  });

  it('Redis throws things away', async () => {
    const cli = `redis-cli -s ${stateOf('plan.json').run}/private/redis.sock config set maxmemory-policy`;
    await stack.shell(`${cli} allkeys-lru`);
    const mend = await namedAs('redis_server', /^Redis evicts \(maxmemory-policy allkeys-lru\)$/);
    expect(mend).toBe(`${cli} noeviction`);
    await mendedBy(mend);
  });

  it('the file limit of a process is low', async () => {
    await stack.shell(`prlimit --pid ${pidOf('app-3')} --nofile=200`);
    const mend = await namedAs('file_limit', /^the file limit of app-3 \(pid \d+\) is 200; its streams may take 812$/);
    expect(mend).toBe('./weir restart app-3');
    await mendedBy(mend);
  });

  it('the file limit is low, in this shell or for all that the supervisor starts', async () => {
    const low = 'ulimit -n 1024 && exec setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource';
    expect(await complaints(`${low} ./weir doctor --json`)).toMatchObject([
      {
        id: 'file_limit',
        what: 'the file limit (ulimit -n) of 1024 allows 256 of 900 streams at once',
        mend: 'ulimit -n 2312 && ./weir restart',
      },
    ]);
    for (const name of ['supervisor', 'app-1']) await stack.shell(`prlimit --pid ${pidOf(name)} --nofile=500`);
    const mend = await namedAs('file_limit', /^the file limit of app-1 \(pid \d+\) is 500; its streams may take 812$/);
    expect(mend).toBe('ulimit -n 2312 && ./weir restart');
    await mendedBy(mend);
  });

  it('the page was built for one instance', async () => {
    const instance = await startInstance();
    started.push(instance.process);
    // As a start does with VITE_API_BASE_URL in its environment.
    expect(await buildDashboard(path.resolve(import.meta.dirname, '../..'), `${instance.url}/api/v1`)).toBe('built');
    const mend = await namedAs('api_url', new RegExp(`${instance.url}/api/v1 bypasses NGINX$`));
    expect(mend).toBe('unset VITE_API_BASE_URL; ./weir restart');
    await mendedBy(mend);
    await instance.stop();
  });

  it('nothing runs', async () => {
    await stack.weir(['stop', '--now']);
    const mend = await namedAs('nginx_running', /^the stack is not running$/);
    // With the ports that it had, which are not the usual ones.
    expect(mend).toBe('./weir restart');
    const { code, stdout } = await stack.weir(['doctor']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('ERR_CONNECTION_REFUSED')]);
    await mendedBy(mend);
  });
});
