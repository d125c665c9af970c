import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, it as base, beforeAll, describe, expect, vi } from 'vitest';
import { issueLeaf } from '../../src/stack/certificates/issue_certificates.ts';
import type { Check } from '../../src/stack/doctor/check.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { Patient } from '../support/patient.ts';

// All tests begin at once, and most of them wait for a stack that is free.
vi.setConfig({ testTimeout: 400_000 });

const squatters: ChildProcess[] = [];
const patients: Patient[] = [];
const free: Patient[] = [];
const waiting: ((patient: Patient) => void)[] = [];
function giveBack(patient: Patient): void {
  const next = waiting.shift();
  if (next) next(patient);
  else free.push(patient);
}

beforeAll(async () => {
  // Two: the doctor and the commands that fix wait more than they work.
  patients.push(...(await Promise.all([Patient.admit('--instances', '2'), Patient.admit('--instances', '2')])));
  patients.forEach(giveBack);
});
afterAll(async () => {
  for (const squatter of squatters) squatter.kill('SIGKILL');
  await Promise.all(patients.map(({ stack }) => stack.destroy()));
});

/** With a stack that is well, and that no other test has meanwhile. One that a test leaves unwell is started anew. */
const it = base.extend<{ patient: Patient }>({
  patient: async ({ task }, use) => {
    const patient = free.shift() ?? (await new Promise<Patient>((resolve) => waiting.push(resolve)));
    await use(patient);
    if (task.result?.state === 'fail') await patient.startAnew();
    giveBack(patient);
  },
});

describe.concurrent('the doctor of a stack that is well', () => {
  it('finds nothing, and the console says the same', async ({ patient }) => {
    await patient.isWell();
    const { stdout } = await patient.stack.weir(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const findings = await patient.consoleFindings();
    expect(findings.map(({ id, area }) => [id, area])).toEqual(checks.map(({ id, area }) => [id, area]));
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(checks.find(({ id }) => id === 'balance')?.what).toMatch(/^6 held streams: /);
  });

  it('says that an address which bypasses NGINX has no balancer', async ({ patient }) => {
    const bypass = await patient.stack.weir(['doctor', '--json'], {
      VITE_API_BASE_URL: 'http://localhost:8000/api/v1',
    });
    expect(bypass.code).toBe(1);
    expect(bypass.stdout).toContain('429 after 3 concurrent connections');
  });

  it('leaves the streams of others alone', async ({ patient }) => {
    const body = JSON.stringify({ query: 'x', model: 'm', provider: 'fake', fake: { fault: 'hang@1' } });
    const leave = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const first = Promise.withResolvers<void>();
    const url = `${patient.stack.api}/stream`;
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
    const { stdout } = await patient.stack.weir(['doctor', '--json']);
    const balance = (JSON.parse(stdout) as { checks: Check[] }).checks.find(({ id }) => id === 'balance');
    expect(balance).toMatchObject({ result: 'ok', what: 'not checked: 1 other stream is open' });
    leave.abort();
    await expect(held).rejects.toThrow();
  });
});

describe.concurrent('the doctor names what is broken, and its command fixes it:', () => {
  it('NGINX is frozen', async ({ patient }) => {
    const master = patient.pidOf('nginx');
    for (const pid of [master, ...patient.workers()]) process.kill(pid, 'SIGSTOP');
    const fix = await patient.namedAs('nginx_running', /^NGINX .*does not answer$/);
    expect(fix).toBe('./weir restart nginx');
    await patient.fixedBy(fix);
  });

  it('another program has its port', async ({ patient }) => {
    const { https } = patient.stack.ports;
    const listen = `(function go() {
      require('net').createServer().on('error', () => setTimeout(go, 1)).listen(${https}, '127.0.0.1', () => console.log());
    })();`;
    const squatter = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    squatters.push(squatter);
    // The supervisor stands still until the port is taken: else it may start NGINX again before.
    patient.signal('supervisor', 'SIGSTOP');
    // The master first: it would replace a worker that is gone, and the new one would have the port.
    for (const pid of [patient.pidOf('nginx'), ...patient.workers()]) process.kill(pid, 'SIGKILL');
    await once(squatter.stdout, 'data');
    patient.signal('supervisor', 'SIGCONT');
    const fix = await patient.namedAs(
      'ports',
      new RegExp(`^port ${https} is taken by \\S+ \\(pid ${squatter.pid}\\)$`),
    );
    expect(fix).toBe(`kill ${squatter.pid} && ./weir restart nginx`);
    await patient.fixedBy(fix);
  });

  it('the certificate has expired', async ({ patient }) => {
    const ssl = (name: string) => path.join(patient.stack.state, 'ssl', name);
    const authority = { certificate: patient.stack.ca, key: readFileSync(ssl('ca.key'), 'utf8') };
    const old = await issueLeaf(authority, new Date(Date.now() - 40 * 86_400_000), 30);
    writeFileSync(ssl('localhost.crt'), old.certificate + authority.certificate);
    writeFileSync(ssl('localhost.key'), old.key);
    const fix = await patient.namedAs('certificate', /it expired on \d{4}-/);
    expect(fix).toBe('./weir certs renew && ./weir restart nginx');
    await patient.fixedBy(fix);
  });

  it('one instance is frozen', async ({ patient }) => {
    patient.signal('app-2', 'SIGSTOP');
    const fix = await patient.namedAs('instances_alive', /^app-2 of 2 instances does not answer$/);
    expect(fix).toBe('./weir restart app-2');
    await patient.fixedBy(fix);
  });

  it('all instances are frozen, and the console says the same', async ({ patient }) => {
    for (const name of ['app-1', 'app-2']) patient.signal(name, 'SIGSTOP');
    const fix = await patient.namedAs('instances_alive', /^none of the 2 instances answers$/);
    const ill = (await patient.consoleFindings()).filter(({ status }) => status === 'fail');
    expect(ill).toMatchObject([{ id: 'instances_alive', fix, area: 'instances', why: /502 Bad Gateway/ }]);
    expect(fix).toBe('./weir restart');
    await patient.fixedBy(fix);
  });

  it('text is collected on its way', async ({ patient }) => {
    await patient.edit((conf) =>
      conf.replaceAll('proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'),
    );
    const fix = await patient.namedAs('unbuffered', /something buffers them$/);
    expect(fix).toBe('./weir restart nginx');
    await patient.fixedBy(fix);
  });

  it('the upstream has no zone', async ({ patient }) => {
    await patient.edit((conf) => conf.replace('zone sse_backend 256k;', ''));
    const fix = await patient.namedAs('shared_zone', /^the upstream sse_backend has no zone$/);
    expect(fix).toBe('./weir restart nginx');
    await patient.fixedBy(fix);
  });

  it('Redis is frozen', async ({ patient }) => {
    patient.signal('redis', 'SIGSTOP');
    const fix = await patient.namedAs('redis_server', /^Redis at unix:.* does not answer/);
    expect(fix).toBe('./weir restart redis');
    await patient.fixedBy(fix);
  });

  it('Redis throws things away', async ({ patient }) => {
    const cli = `redis-cli -s ${patient.stack.plan().run}/private/redis.sock config set maxmemory-policy`;
    await patient.stack.shell(`${cli} allkeys-lru`);
    const fix = await patient.namedAs('redis_server', /^Redis evicts \(maxmemory-policy allkeys-lru\)$/);
    expect(fix).toBe(`${cli} noeviction`);
    await patient.fixedBy(fix);
  });

  it('the file limit of a process is low', async ({ patient }) => {
    await patient.stack.shell(`prlimit --pid ${patient.pidOf('app-2')} --nofile=200`);
    const fix = await patient.namedAs(
      'file_limit',
      /^the file limit of app-2 \(pid \d+\) is 200; its streams need up to 812$/,
    );
    expect(fix).toBe('./weir restart app-2');
    await patient.fixedBy(fix);
  });

  it('the file limit is low, in this shell or for all that the supervisor starts', async ({ patient }) => {
    const low = 'ulimit -n 1024 && exec setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource';
    expect(await patient.complaints(`${low} ./weir doctor --json`)).toMatchObject([
      {
        id: 'file_limit',
        what: 'the file limit (ulimit -n) of 1024 allows 256 of 600 streams at once',
        fix: 'ulimit -n 1712 && ./weir restart',
      },
    ]);
    for (const name of ['supervisor', 'app-1'])
      await patient.stack.shell(`prlimit --pid ${patient.pidOf(name)} --nofile=500`);
    const fix = await patient.namedAs(
      'file_limit',
      /^the file limit of app-1 \(pid \d+\) is 500; its streams need up to 812$/,
    );
    expect(fix).toBe('ulimit -n 1712 && ./weir restart');
    await patient.fixedBy(fix);
  });

  it('nothing runs', async ({ patient }) => {
    await patient.stack.weir(['stop', '--now']);
    const fix = await patient.namedAs('nginx_running', /^the stack is not running$/);
    // With the ports that it had, which are not the usual ones.
    expect(fix).toBe('./weir restart');
    const { code, stdout } = await patient.stack.weir(['doctor']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('ERR_CONNECTION_REFUSED')]);
    await patient.fixedBy(fix);
  });
});
