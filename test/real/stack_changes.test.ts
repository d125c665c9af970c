import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClusterView } from '../../src/formats/cluster/cluster_view.ts';
import { isAlive } from '../../src/stack/supervisor/process_identity.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { Http2Client, requestHttp1 } from '../support/stack_requests.ts';
import { flaw, perInstance, startSteadyLoad } from '../support/steady_load.ts';
import { until } from '../support/until.ts';

/** Three seconds of a few words each, so that every change meets streams that began before it; the drain leaves them more. */
const SHORT = { tokens: 6, tokens_per_second: 2, ttft_ms: 0 };
const DRAIN_SECONDS = '8';
/** Streams at once. The long form of the tests has more. */
const [AT_RESTART, AT_SCALE, AT_RELOAD] = process.env.WEIR_TEST_LONG === '1' ? [300, 100, 400] : [40, 40, 40];
// Drains, one after another, while the streams keep the machine busy.
vi.setConfig({ testTimeout: 150_000 });

let stack: StackFixture;
beforeAll(async () => {
  stack = await newStack({ DRAIN_SECONDS });
  await stack.start(['--instances', '2', '--max-per-user', '1000']);
});
afterAll(() => stack.destroy());

const ask = async <T>(what: string): Promise<T> =>
  JSON.parse((await requestHttp1(stack.url, { path: what })).text) as T;
const cluster = () => ask<ClusterView>('/api/v1/cluster');
const names = async () => (await stack.services()).map(({ name }) => name);
const flaws = (answers: Parameters<typeof flaw>[0][]) => answers.map(flaw).filter((each) => each !== undefined);

async function incarnations(): Promise<Record<string, string>> {
  const [services, { instances }] = await Promise.all([stack.services(), cluster()]);
  const boots = new Map(instances.map(({ id, boot }) => [id, boot]));
  const apps = services.filter(({ name }) => name.startsWith('app-'));
  return Object.fromEntries(apps.map(({ name, pid }) => [name, `${pid} ${boots.get(name)}`]));
}

describe('a rolling restart under streams', () => {
  it('renews every instance; no request fails and no stream is cut', async () => {
    const before = await incarnations();
    const nginx = await stack.pid('nginx');
    const load = await startSteadyLoad(stack.url, AT_RESTART, SHORT);
    const { code, stderr } = await stack.weir(['restart', '--rolling']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/app-1 is back[\s\S]*app-2 is back/)]);
    const answers = await load.stop();
    expect(flaws(answers)).toEqual([]);
    expect(Object.keys(perInstance(answers)).sort()).toEqual(['app-1', 'app-2']);
    const after = await incarnations();
    for (const [name, incarnation] of Object.entries(before)) {
      const [pid, boot] = incarnation.split(' ');
      expect(after[name]).not.toContain(pid);
      expect(after[name]).not.toContain(boot);
    }
    expect(await stack.pid('nginx')).toBe(nginx);
    expect(stack.plan().nginx.plan.down).toEqual([]);
  });
});

describe('a rolling restart that fails', () => {
  it('leaves the others serving, says how to go on, and that works', async () => {
    const inTheWay = stack.plan().services.find(({ name }) => name === 'app-1')!.sockets[1]!;
    rmSync(inTheWay);
    mkdirSync(path.join(inTheWay, 'a-folder'), { recursive: true });
    const before = await incarnations();
    const { code, stderr } = await stack.weir(['restart', '--rolling']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/app-1 did not start .*continue with .\/weir restart app-1/),
    ]);
    const load = await startSteadyLoad(stack.url, 20, { tokens: 5, ttft_ms: 0 });
    const answers = await load.stop();
    expect([flaws(answers), Object.keys(perInstance(answers)).sort()]).toEqual([[], ['app-2']]);
    expect(await incarnations()).toMatchObject({ 'app-2': before['app-2'] });
    const onlyIt = await stack.weir(['scale', '1']);
    expect([onlyIt.code, onlyIt.stderr]).toEqual([
      1,
      expect.stringContaining('none of these instances serves now: app-1'),
    ]);
    expect(await names()).toContain('app-2');

    rmSync(inTheWay, { recursive: true });
    expect((await stack.weir(['restart', 'app-1'])).code).toBe(0);
    expect(stack.plan().nginx.plan.down).toEqual([]);
    const after = await startSteadyLoad(stack.url, 20, { tokens: 5, ttft_ms: 0 });
    expect(Object.keys(perInstance(await after.stop())).sort()).toEqual(['app-1', 'app-2']);
  });
});

describe('scale', () => {
  it('goes from two to four to two under streams; none is cut, new ones spread over the instances that are there', async () => {
    const load = await startSteadyLoad(stack.url, AT_SCALE, SHORT);
    expect((await stack.weir(['scale', '4'])).code).toBe(0);
    expect(await names()).toEqual(['redis', 'app-1', 'app-2', 'app-3', 'app-4', 'console', 'nginx']);
    await until('all four are seen in the cluster', async () => (await cluster()).instances.length === 4);
    expect(stack.plan().services.map(({ name }) => name)).toContain('app-4');
    // From zero: those that begin now are spread over four. One that is starved has less than its share.
    const ended = load.ended.length;
    await until('every stream is one that began since', () => load.ended.length > ended + 2 * AT_SCALE);
    const spread = Object.values(perInstance(load.ended.slice(ended + AT_SCALE)));
    expect(spread).toHaveLength(4);
    expect(Math.min(...spread)).toBeGreaterThan(AT_SCALE / 16);

    const leaving = (await stack.services()).filter(({ name }) => /app-[34]/.test(name));
    const sockets = stack
      .plan()
      .services.filter(({ name }) => /app-[34]/.test(name))
      .flatMap((spec) => spec.sockets);
    expect((await stack.weir(['scale', '2'])).code).toBe(0);
    expect(await names()).toEqual(['redis', 'app-1', 'app-2', 'console', 'nginx']);
    for (const { pid } of leaving) expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(sockets.filter((socket) => existsSync(socket))).toEqual([]);
    const since = load.ended.length;
    await until('streams began since', () => load.ended.length > since + AT_SCALE);
    const answers = await load.stop();
    expect(flaws(answers)).toEqual([]);
    expect(Object.keys(perInstance(answers.slice(-AT_SCALE))).sort()).toEqual(['app-1', 'app-2']);
    await until('the cluster knows two', async () => (await cluster()).instances.length === 2);
  });

  it('is named by a start with another number, and keeps its own', async () => {
    const other = await stack.weir(['start', '--all', '--instances', '4']);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('./weir scale 4')]);
    const same = await stack.weir(['start', '--all', '--instances', '2']);
    expect([same.code, same.stderr]).toEqual([0, expect.stringContaining('nothing to do')]);
    const again = await stack.weir(['scale', '2']);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('nothing to do')]);
  });

  it('leaves everything as it was when a new instance can not start', async () => {
    // The new one's socket can not be made where a folder lies.
    const socket = stack
      .plan()
      .services.find(({ name }) => name === 'app-2')!
      .sockets[0]!.replace('app-2', 'app-3');
    mkdirSync(path.join(socket, 'in-the-way'), { recursive: true });
    const { code, stderr } = await stack.weir(['scale', '3']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('the instances that ran before keep serving')]);
    expect(await names()).toEqual(['redis', 'app-1', 'app-2', 'console', 'nginx']);
    expect((await stack.weir(['scale', '2'])).stderr).toContain('nothing to do');
  });
});

describe('a reload of NGINX under streams', () => {
  it('cuts none, over HTTP/1.1 and HTTP/2', async () => {
    const load = await startSteadyLoad(stack.url, AT_RELOAD, SHORT);
    const http2 = new Http2Client(stack.url);
    const heads: unknown[] = [];
    const overHttp2 = Array.from({ length: AT_RELOAD }, () =>
      http2.request({
        path: '/api/v1/stream',
        body: { query: 'hi', model: 'm', provider: 'fake', fake: SHORT },
        onHead: () => heads.push(1),
      }),
    );
    await until('all streams run', () => heads.length === AT_RELOAD);
    process.kill(await stack.pid('nginx'), 'SIGHUP');
    expect(flaws(await Promise.all(overHttp2))).toEqual([]);
    expect(flaws(await load.stop())).toEqual([]);
    http2.close();
  });
});

describe('stop in the middle of a rolling restart', () => {
  it('wins: nothing is left, and the restart says why it ended', async () => {
    const owned = (await stack.services()).map(({ pid }) => pid!);
    const says = stack.sinceNow('supervisor');
    const restart = stack.weir(['restart', '--rolling']);
    await until('it has begun', () => says('service is restarted on request'));
    expect((await stack.weir(['stop'])).code).toBe(0);
    const { code, stderr } = await restart;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^weir: .*\.$/m)]);
    expect(owned.filter(isAlive)).toEqual([]);
    await until('no service is left', async () => (await stack.services()).length === 0);
    expect(existsSync(path.join(stack.state, 'plan.json'))).toBe(false);
  });
});
