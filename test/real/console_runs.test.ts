import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SseDecoder } from '../../src/formats/sse/sse_decoder.ts';
import type { LoadRun, RunHead } from '../../src/load/load_run.ts';
import { shortRequest } from '../../src/stack/http_request.ts';
import { loadPlan } from '../support/load_plan.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { requestHttp1 } from '../support/stack_requests.ts';
import { until } from '../support/until.ts';

const SHORT = { tokens: 5, ttft_ms: 100, tokens_per_second: 50 };
let stack: StackFixture;
let token: string;
beforeAll(async () => {
  stack = await newStack();
  await stack.start();
  token = readFileSync(join(stack.state, 'console.token'), 'utf8').trim();
});
afterAll(() => stack.destroy());

const get = (path: string) => fetch(`${stack.dashboard}${path}`);
const json = async <T>(path: string) => (await get(path)).json() as Promise<T>;
const change = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  fetch(`${stack.dashboard}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-console-token': token, ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
const plan = (fields: Parameters<typeof loadPlan>[0]) => loadPlan({ url: stack.api, fake: SHORT, ...fields });
const ended = (id: string) =>
  until(`run ${id} to end`, async () => {
    const run = await json<LoadRun>(`/api/runs/${id}`);
    return run.state === 'running' ? undefined : run;
  });

async function eventsOf(id: string): Promise<{ event: string; data: unknown }[]> {
  const events: { event: string; data: unknown }[] = [];
  const decoder = new SseDecoder();
  for await (const bytes of (await get(`/api/runs/${id}/events`)).body!) {
    decoder.push(bytes);
    for (let event = decoder.next(); event; event = decoder.next()) {
      events.push({ event: event.event, data: JSON.parse(event.data) });
    }
  }
  return events;
}

describe('./weir load with several users', () => {
  it('gives each a source address of its own: none is refused', async () => {
    const report = await stack.load(['-c', '50', '-n', '200', '--users', '50', '--fake', JSON.stringify(SHORT)]);
    expect(report).toMatchObject({ via: 'nginx', outcomes: { ok: 200 } });
  });

  it('is kept, and compared with by the next', async () => {
    const flags = ['-c', '3', '-n', '30', '--fake', JSON.stringify(SHORT), '--baseline', 'last', '--name', 'second'];
    const { code, stdout } = await stack.weir(['load', ...flags, '--fail-if', 'ok.share<100%']);
    expect(stdout).toContain('Comparison');
    // 98: the generator was too slow, on a busy machine.
    expect([0, 98]).toContain(code);
    const { runs } = await json<{ runs: RunHead[] }>('/api/runs');
    expect(runs.map(({ name, engine, state }) => [name, engine, state])).toEqual([
      ['second', 'cli', 'finished'],
      ['load test', 'cli', 'finished'],
    ]);
    const compared = await stack.weir(['load', 'compare', runs[1]!.id, 'last', '--json']);
    expect(JSON.parse(compared.stdout).rows).toContainEqual(expect.objectContaining({ metric: 'ttft.p95' }));
    expect(await json(`/api/compare?a=${runs[1]!.id}&b=${runs[0]!.id}`)).toEqual(JSON.parse(compared.stdout));
  });

  it('ends with 99 and the figure where a condition holds', async () => {
    const flags = ['-c', '2', '-n', '4', '--fake', JSON.stringify(SHORT), '--fail-if', 'ttft.p50>50'];
    const { code, stderr } = await stack.weir(['load', ...flags]);
    expect([98, 99]).toContain(code);
    expect(stderr).toMatch(/ttft\.p50>50 is true: the value is \d/);
    const aborted = await stack.weir([
      'load',
      '--duration',
      '60s',
      '--abort-if',
      'requests>2',
      '--fake',
      '{"tokens":1}',
    ]);
    expect([98, 99]).toContain(aborted.code);
    expect(aborted.stderr).toContain('--abort-if ended the run: requests>2');
  });
});

describe('the console’s runs', () => {
  it('go on one at a time, are streamed while they do, and end with their report', async () => {
    const closed = { kind: 'closed', concurrency: 3, durationMs: 1500 } as const;
    const started = await change('POST', '/api/runs', { plan: plan({ mode: closed, slo: 'chat' }), name: 'mine' });
    expect(started.status).toBe(201);
    const { id } = (await started.json()) as { id: string };
    const refused = await change('POST', '/api/runs', { plan: plan({}) });
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ error: 'run_in_progress' }),
    ]);
    const events = await eventsOf(id);
    const names = events.map(({ event }) => event);
    expect(names.filter((name) => name === 'snapshot').length).toBeGreaterThanOrEqual(3);
    expect(names.at(-1)).toBe('end');
    const starts = events.filter(({ event }) => event === 'started').flatMap(({ data }) => data as { index: number }[]);
    const run = await ended(id);
    expect(run).toMatchObject({
      name: 'mine',
      state: 'finished',
      report: { via: 'nginx', good: { share: expect.any(Number) } },
    });
    expect(events.at(-1)?.data).toEqual({ state: 'finished', report: run.report });
    expect(starts.length).toBeLessThanOrEqual(run.report!.requests);
    expect(run.strip.slice(0, 3).every(({ outcome }) => outcome === 'ok')).toBe(true);
    expect(await eventsOf(id)).toHaveLength(2);
    expect((await get(`/api/runs/${id}/report.csv`)).headers.get('content-disposition')).toContain(`weir-${id}.csv`);
    expect(await (await get(`/api/runs/${id}/report.html`)).text()).toContain('<svg');
    expect(await json(`/api/runs/${id}/report.json`)).toMatchObject({ requests: run.report!.requests, plan: run.plan });
    expect((await change('DELETE', `/api/runs/${id}`)).status).toBe(204);
    expect((await get(`/api/runs/${id}`)).status).toBe(404);
  });

  it('end early when they are stopped', async () => {
    const mode = { kind: 'open', ratePerSecond: 20, arrivals: 'poisson', durationMs: 60_000, maxInFlight: 3 } as const;
    const { id } = (await (await change('POST', '/api/runs', { plan: plan({ mode }) })).json()) as { id: string };
    expect((await change('DELETE', `/api/runs/${id}`)).status).toBe(409);
    expect((await change('POST', `/api/runs/${id}/stop`)).status).toBe(202);
    expect((await ended(id)).state).toBe('cancelled');
  });

  it('show ten at once with the balancer and without it: 9 and 1, 3 and 7', async () => {
    const answer = await change('POST', '/api/comparison', { concurrency: 10 });
    const ids = (await answer.json()) as { balanced: string; single: string; single_instance: string };
    const [balanced, single] = [await ended(ids.balanced), await ended(ids.single)];
    expect(balanced.report).toMatchObject({ outcomes: { ok: 9, '429': 1 }, via: 'nginx' });
    expect(single.report).toMatchObject({ outcomes: { ok: 3, '429': 7 }, via: 'direct' });
    expect(Object.keys(single.report!.instances)).toEqual([ids.single_instance]);
  });

  it('take in what a browser ran', async () => {
    const source = await json<{ runs: RunHead[] }>('/api/runs');
    const report = source.runs.find((run) => run.report)!.report;
    const body = {
      plan: plan({}),
      report,
      engine: 'browser',
      records: [{ index: 0, outcome: 'ok', instance: 'app-1' }],
    };
    const { id } = (await (await change('POST', '/api/runs/import', body)).json()) as { id: string };
    expect(await json(`/api/runs/${id}`)).toMatchObject({ engine: 'browser', report, strip: [{ outcome: 'ok' }] });
  });
});

describe('access to the console', () => {
  const READ = ['/api/runs', '/api/diagnose', '/api/usage', '/api/services', '/api/compare?a=last&b=last'];
  const session = (answer: { headers: Record<string, string | string[] | undefined> }) =>
    `${[answer.headers['set-cookie']].flat()[0]}`.split(';', 1)[0]!;

  it('a stranger at NGINX sees the page, and neither runs, findings, usage nor services; changes nothing', async () => {
    expect((await requestHttp1(stack.url, { path: '/config.json' })).text).toContain('"login":true');
    for (const path of READ) {
      const { status, text } = await requestHttp1(stack.url, { path });
      expect([path, status, text]).toEqual([path, 401, expect.stringContaining('./weir dashboard')]);
    }
    const headers = { origin: stack.url };
    for (const path of ['/api/runs', '/api/drills', '/api/comparison', '/api/logins']) {
      const { status, text } = await requestHttp1(stack.url, { path, body: {}, headers });
      expect([path, status, text]).toEqual([path, 401, expect.stringContaining('./weir dashboard')]);
    }
  });

  // Only root can ask as another account; CI runs as root.
  it.skipIf(process.getuid?.() !== 0)('another account of this machine neither reads nor changes', async () => {
    const headers = { origin: stack.dashboard, 'content-type': 'application/json' };
    const asked: [string, number, object?][] = [
      ...READ.map((path): [string, number] => [path, 401]),
      ['/api/drills', 401, { method: 'POST', headers, body: JSON.stringify({ service: 'app-2', action: 'kill' }) }],
      ['/api/runs', 401, { method: 'POST', headers, body: '{}' }],
      ['/config.json', 200],
      // Prometheus has an account of its own.
      ['/metrics', 200],
    ];
    const script = `process.setgid(65533); process.setuid(65533);
      for (const [path, , init] of ${JSON.stringify(asked)}) {
        console.log(path, (await fetch(${JSON.stringify(stack.dashboard)} + path, init)).status);
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trimEnd().split('\n')).toEqual(asked.map(([path, status]) => `${path} ${status}`));
    // The stack's own account needs nothing: the guide's page works as it is opened.
    expect((await get('/api/diagnose')).status).toBe(200);
    expect(await json('/config.json')).toMatchObject({ login: false, canRun: true });
    expect((await change('POST', '/api/runs/none/stop', {}, { 'x-console-token': '', ...headers })).status).toBe(202);
  });

  it('a link lets one browser in, once; its cookie reads and changes through NGINX, also after a restart', async () => {
    const { code, stdout } = await stack.weir(['dashboard']);
    const link = new URL(/http:\/\/\S+\/login\?code=\S+/.exec(stdout)?.[0] ?? '');
    expect([code, link.origin]).toEqual([0, stack.dashboard]);
    const path = link.pathname + link.search;
    const first = await requestHttp1(stack.url, { path });
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    expect(`${first.headers['set-cookie']}`).toMatch(/; Path=\/; .*HttpOnly; SameSite=Strict; Secure/);
    const again = await requestHttp1(stack.url, { path });
    expect([again.status, again.text]).toEqual([403, expect.stringContaining('./weir dashboard')]);
    expect(again.headers['set-cookie']).toBeUndefined();

    const cookie = session(first);
    expect((await stack.weir(['restart', 'console'])).code).toBe(0);
    token = readFileSync(join(stack.state, 'console.token'), 'utf8').trim();
    const { runs } = await json<{ runs: RunHead[] }>('/api/runs');
    const seen = await requestHttp1(stack.url, { path: '/api/runs', headers: { cookie } });
    expect((JSON.parse(seen.text) as { runs: RunHead[] }).runs).toHaveLength(runs.length);
    const stop = (headers: Record<string, string>) =>
      requestHttp1(stack.url, { path: '/api/runs/none/stop', body: {}, headers: { cookie, ...headers } });
    expect((await stop({ origin: stack.url })).status).toBe(202);
    // Another program's page on this machine is the same site to a browser, and gets the cookie sent along.
    expect((await stop({ origin: 'https://localhost:1' })).status).toBe(403);
    expect(statSync(join(stack.state, 'console.sessions.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(stack.state, 'console.sessions.json'), 'utf8')).not.toContain(cookie.split('=')[1]);
  });
});

describe('drills', () => {
  const stateOf = async (name: string) => {
    const { services } = await json<{ services: { name: string; state: string; healthy: boolean; pid: number }[] }>(
      '/api/services',
    );
    return services.find((service) => service.name === name)!;
  };
  const drill = (action: string, service = 'app-2') => change('POST', '/api/drills', { service, action });

  it('kill, stop and start an instance', async () => {
    const before = await stateOf('app-2');
    expect((await drill('kill')).status).toBe(202);
    await until('it is back', async () => {
      const { pid, healthy } = await stateOf('app-2');
      return healthy && pid !== before.pid;
    });
    expect((await drill('stop')).status).toBe(202);
    await until('it has stopped', async () => (await stateOf('app-2')).state === 'stopped');
    expect((await drill('start')).status).toBe(202);
    await until('it runs', async () => (await stateOf('app-2')).healthy);
  });

  it('pause an instance and let it continue', async () => {
    expect((await drill('pause')).status).toBe(202);
    await until('it does not answer', async () => !(await stateOf('app-2')).healthy);
    expect((await drill('continue')).status).toBe(202);
    await until('it answers', async () => (await stateOf('app-2')).healthy);
  });

  it('spare the console itself, and what is not there', async () => {
    for (const name of ['console', 'app-9']) expect((await drill('kill', name)).status).toBe(422);
  });
});

describe('the metrics of all instances', () => {
  const scrape = async () => {
    const answer = await get('/metrics');
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  const up = ({ text }: { text: string }) =>
    [...text.matchAll(/^up\{instance="(app-\d)"\} ([01])$/gm)].map(([, name, value]) => `${name} ${value}`);

  it('are one text at the console, and are not to be had through NGINX', async () => {
    const { status, type, text } = await scrape();
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(up({ text })).toEqual(['app-1 1', 'app-2 1', 'app-3 1']);
    expect(text.match(/^# TYPE weir_active_streams gauge$/gm)).toHaveLength(1);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples.filter((line) => !/\{instance="app-[123]"/.test(line))).toEqual([]);
    for (const name of ['app-1', 'app-2', 'app-3']) expect(text).toContain(`weir_active_streams{instance="${name}"} `);
    expect((await requestHttp1(stack.url, { path: '/metrics' })).status).toBe(404);
    const rebound = await shortRequest({ url: `${stack.dashboard}/metrics`, headers: { host: 'evil.example' } });
    expect([rebound.status, rebound.body]).toEqual([403, expect.not.stringContaining('weir_')]);
  });

  it('say which instance does not answer, and follow a change of their number', async () => {
    const drill = (action: string) => change('POST', '/api/drills', { service: 'app-2', action });
    expect((await drill('pause')).status).toBe(202);
    const paused = await scrape();
    expect((await drill('continue')).status).toBe(202);
    expect([paused.status, up(paused)]).toEqual([200, ['app-1 1', 'app-2 0', 'app-3 1']]);
    expect(paused.text).not.toContain('weir_active_streams{instance="app-2"}');
    expect((await stack.weir(['scale', '1'])).code).toBe(0);
    expect(up(await scrape())).toEqual(['app-1 1']);
    expect((await stack.weir(['scale', '2'])).code).toBe(0);
    expect(up(await scrape())).toEqual(['app-1 1', 'app-2 1']);
  });
});
