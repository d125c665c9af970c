import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { composeFile, imageCommand, outside } from '../support/compose_file.ts';
import { FakeDocker, type StandIn } from '../support/fake_docker.ts';
import { freePort } from '../support/free_port.ts';
import { loadPlan } from '../support/load_plan.ts';
import { startMockOpenai } from '../support/mock_openai.ts';
import { startRedis } from '../support/redis.ts';
import { along, routeFile } from '../support/route_files.ts';
import { newStack } from '../support/stack_fixture.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CANARY = 'sk-canary-77c1';
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

interface UsageAnswer {
  rows: { key: string; key_name?: string | null; provider: string; model: string; ok: number }[];
  key_names?: Record<string, string>;
}

/** A container's command as a process, until the test has ended. */
function run(command: string[], env: Record<string, string>): StandIn & { ended: Promise<unknown> } {
  const [program = '', ...args] = command;
  expect(program).toBe('node');
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const all = { PATH, NODE_COMPILE_CACHE, ...env } as Record<string, string>;
  const child = spawn(process.execPath, args, { cwd: ROOT, env: all, stdio: 'ignore' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { pid: child.pid!, env: all, ended };
}

/** A busy machine takes its time for a dozen commands and three processes. */
const soon: typeof until = (what, look) => until(what, look, 60_000);

const isUp = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

it('the containers are a stack with routes, keys, reload, and usage that outlives Redis', async () => {
  const provider = await startMockOpenai();
  onTestFinished(() => provider.close());
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const docker = new FakeDocker();
  onTestFinished(() => docker[Symbol.dispose]());
  const providers = { house: { base_url: provider.url, api_key_env: 'HOUSE_KEY' } };
  const config = routeFile({ providers, routes: { smart: along('house/mock-3x0') } });
  onTestFinished(() => config[Symbol.dispose]());
  const stack = await newStack({ WEIR_PATH: docker.searchPath, WEIR_CONFIG: '', HOUSE_KEY: CANARY });
  onTestFinished(() => stack.destroy());
  const kept = mkdtempSync(path.join(tmpdir(), 'weir-kept-'));
  onTestFinished(() => rmSync(kept, { recursive: true }));
  const weir = async (...args: string[]) => {
    const { code, stdout, stderr } = await stack.weir(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  await weir('start', '--all', '--driver', 'compose', '--auth', 'keys', '--config', config.file);

  // What Compose would start, as processes: with the folders that it would mount, and ports and Redis of this test.
  const { services } = composeFile(docker.environment());
  const environmentOf = (name: string, changes: Record<string, string>): Record<string, string> => {
    const service = services[name]!;
    const variables = (service.env_file ?? []).flatMap((file) => readFileSync(file.path, 'utf8').split('\n'));
    const passed = variables.filter(Boolean).map((variable) => [variable, docker.environment()[variable] as string]);
    const set = Object.entries(service.environment!).map(([variable, value]) => [variable, outside(service, value)]);
    return { ...Object.fromEntries([...passed, ...set]), ...changes };
  };
  const [port, peerPort, healthPort, consolePort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const app = run(
    imageCommand(),
    environmentOf('app-1', { HOST: '127.0.0.1', PORT: `${port}`, PEER_PORT: `${peerPort}`, REDIS_URL: redis.url }),
  );
  const usageFile = path.join(kept, 'usage.json');
  const secretFile = path.join(kept, 'peer');
  const keeperEnv = {
    REDIS_URL: redis.url,
    USAGE_FILE: usageFile,
    HEALTH_PORT: `${healthPort}`,
    PEER_SECRET_FILE: secretFile,
  };
  const keeper = run(services.usage!.command!, environmentOf('usage', keeperEnv));
  run(
    ['node', 'src/console/main.ts'],
    environmentOf('console', {
      CONSOLE_HOST: '127.0.0.1',
      CONSOLE_PORT: `${consolePort}`,
      CONSOLE_PROXIED_PORT: '',
      RUNS_DIR: path.join(kept, 'runs'),
      API_BASE_URL: `http://127.0.0.1:${port}/api/v1`,
      API_CONNECT_TO: '',
      PEER_URLS: `http://127.0.0.1:${peerPort}`,
    }),
  );
  docker.standIns({ 'app-1': app, usage: keeper });
  await soon('the instance is ready', () => isUp(`http://127.0.0.1:${port}/api/v1/health/ready`));
  await soon('the keeper keeps', () => isUp(`http://127.0.0.1:${healthPort}`));
  await soon('the console is up', () => isUp(`http://127.0.0.1:${consolePort}/healthz`));

  // Keys: made, used and revoked while it runs.
  const ask = async (key: string, model = 'smart') => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query: 'hi', model }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const alice = await weir('keys', 'create', 'alice');
  const first = await soon('her key is known', async () => {
    const answer = await ask(alice);
    return answer.status === 200 ? answer : undefined;
  });
  expect(first.text).toContain('data: [DONE]');
  expect(provider.requests[0]!.headers.authorization).toBe(`Bearer ${CANARY}`);
  const bob = await weir('keys', 'create', 'bob');
  await soon('his key is known', async () => (await ask(bob)).status === 200);
  await weir('keys', 'revoke', 'bob');
  await soon('it is refused', async () => (await ask(bob)).status === 401);

  // A new route. The other two containers have no successors, and the command says so.
  expect((await ask(alice, 'clever')).text).toContain('"provider":"fake"');
  config.write({ providers, routes: { smart: along('house/mock-3x0'), clever: along('house/mock-5x0') } });
  const reload = await stack.weir(['reload']);
  expect(reload.stderr).toMatch(/app-1: reloaded[\s\S]*app-2: does not answer/);
  expect(docker.calls().at(-1)).toBe('kill --signal SIGHUP app-1');
  expect((await ask(alice, 'clever')).text).toContain('"provider":"house"');

  // Open streams of instances, as one of them reports.
  const ends = new AbortController();
  const held = fetch(`http://127.0.0.1:${port}/api/v1/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${alice}` },
    body: JSON.stringify({ query: 'hi', model: 'demo', provider: 'fake', fake: { ttft_ms: 60_000 } }),
    signal: ends.signal,
  }).catch(() => undefined);
  await soon('status shows it', async () => {
    const services = json(await weir('status', '--json')).services as { name: string; active_streams: number }[];
    return services.find(({ name }) => name === 'app-1')?.active_streams === 1;
  });
  ends.abort();
  await held;

  // The dashboard's load tests have a key of their own.
  const headers = { origin: `http://127.0.0.1:${consolePort}`, 'content-type': 'application/json' };
  const fake = { tokens: 2, tokens_per_second: 0, ttft_ms: 0 };
  const plan = loadPlan({ url: `http://127.0.0.1:${port}/api/v1`, requests: 2, fake });
  const started = await fetch(`http://127.0.0.1:${consolePort}/api/runs`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ plan }),
  });
  expect(started.status, await started.clone().text()).toBe(201);
  const { id } = (await started.json()) as { id: string };
  const report = await soon('the run has ended', async () => {
    const answer = await fetch(`http://127.0.0.1:${consolePort}/api/runs/${id}`);
    return ((await answer.json()) as { report: { outcomes: object } | null }).report ?? undefined;
  });
  expect(report.outcomes).toMatchObject({ ok: 2 });

  // Usage: counted, shown by command line and dashboard, and there again after a Redis that forgot it.
  const usage = async () => (json(await weir('usage', '--json')) as unknown as UsageAnswer).rows;
  const ofClever = (rows: UsageAnswer['rows']) =>
    rows.find(({ model, provider }) => model === 'clever' && provider === 'house');
  const row = await soon('it is written', async () => ofClever(await usage()));
  expect(row).toMatchObject({ key_name: 'alice', ok: 1 });
  const page = async () => {
    const answer = await fetch(`http://127.0.0.1:${consolePort}/api/usage?days=1`);
    return answer.ok ? ((await answer.json()) as UsageAnswer) : undefined;
  };
  const shown = await page();
  expect(ofClever(shown!.rows)).toMatchObject({ ok: 1 });
  expect(Object.values(shown!.key_names!).sort()).toEqual(['alice', 'bob', 'operator']);
  await soon('the keeper has it', () => existsSync(usageFile) && /house.*clever/.test(readFileSync(usageFile, 'utf8')));
  await redis.kill();
  await redis.start();
  expect(await redis.cli('keys', 'weir:usage:*')).toBe('');
  await soon('it is there again', async () => ofClever((await page())?.rows ?? []));
  expect(ofClever(await usage())).toEqual(row);

  // It has to leave when the instances have written their last, and has that too.
  await ask(alice, 'clever');
  await soon('it is counted', async () => ofClever((await page())?.rows ?? [])?.ok === 2);
  process.kill(keeper.pid, 'SIGTERM');
  await keeper.ended;
  const counters = Object.values(json(readFileSync(usageFile, 'utf8'))).flatMap((day) => Object.entries(day as object));
  const counted = counters.find(([field]) => /house\tok\tclever/.test(field));
  expect(counted?.[1]).toBe('2');
  expect(JSON.stringify([first, shown, report, reload])).not.toContain(CANARY);
}, 240_000);
