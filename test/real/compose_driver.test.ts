import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { parseWeirConfig } from '../../src/config/parse_weir_config.ts';
import { containerUser } from '../../src/stack/compose/private_files.ts';
import { bindsOf, composeFile } from '../support/compose_file.ts';
import { FakeDocker } from '../support/fake_docker.ts';
import { routeFile } from '../support/route_files.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';

const UP = 'up --detach --build --wait';
const CANARY = 'sk-canary-51d0';
const self = { uid: process.getuid!(), gid: process.getgid!() };

let docker: FakeDocker;
let stack: StackFixture;
beforeEach(async () => {
  docker = new FakeDocker();
  stack = await newStack({ WEIR_PATH: docker.searchPath, WEIR_CONFIG: '', HOUSE_KEY: CANARY });
  onTestFinished(async () => {
    await stack.destroy();
    docker[Symbol.dispose]();
  });
});

async function weir(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await stack.weir(args);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout + stderr;
}
const start = (...flags: string[]) => weir('start', '--all', '--driver', 'compose', ...flags);
const inState = (...names: string[]) => path.join(stack.state, 'containers', ...names);
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

/** Providers with a key in a file and in a variable, and one on this machine. */
function config() {
  const file = routeFile({
    providers: {
      house: { base_url: 'https://llm.example.com/v1', api_key_env: 'HOUSE_KEY' },
      filed: { base_url: 'https://other.example.com/v1', api_key_file: 'filed.txt' },
      local: { preset: 'vllm' },
    },
    routes: { smart: { targets: [{ provider: 'house', model: 'm' }] } },
  });
  writeFileSync(path.join(path.dirname(file.file), 'filed.txt'), `${CANARY}-in-a-file\n`);
  onTestFinished(() => file[Symbol.dispose]());
  return file;
}

it('everything that the containers mount is there before they are started, for their account alone', async () => {
  await start('--auth', 'keys', '--config', config().file);
  expect(docker.calls()).toEqual([UP]);
  const { services } = composeFile(docker.environment());
  const binds = ['app-1', 'app-2', 'app-3', 'console', 'nginx'].flatMap((name) => bindsOf(services[name]!));
  expect(binds.filter(({ source }) => !existsSync(source))).toEqual([]);
  expect(binds.every(({ source }) => source.startsWith(stack.state))).toBe(true);
  expect(existsSync(services['app-1']!.env_file![0]!.path)).toBe(true);

  const { inside, outside } = containerUser(self, false);
  for (const name of ['app-1', 'console']) expect(services[name]!.user).toBe(`${inside.uid}:${inside.gid}`);
  expect(inside.uid).not.toBe(0);
  const files = [
    'config/weir.config.yaml',
    'config/filed.key',
    'keys/api_keys.json',
    'operator/operator.key',
    'operator/console.token',
  ];
  for (const name of files) {
    const folder = inState(path.dirname(name));
    expect([mode(inState(name)), mode(folder)], name).toEqual(['600', '700']);
    expect([statSync(inState(name)).uid, statSync(folder).uid], name).toEqual([outside.uid, outside.uid]);
  }
  // An account of this machine with the containers' number does not come so far.
  expect([mode(inState()), statSync(inState()).uid]).toEqual(['700', self.uid]);
});

it('instances know where their configuration and keys are, and no provider’s key is written down', async () => {
  const file = config();
  const said = await start('--auth', 'keys', '--config', file.file, '--max-per-user', '5');
  expect(said).toContain('give local a base_url with host.docker.internal');
  const { environment } = composeFile(docker.environment()).services['app-1']!;
  expect(environment).toMatchObject({
    AUTH_MODE: 'keys',
    POOL_SCOPE: 'cluster',
    MAX_CONNECTIONS_PER_USER: '5',
    WEIR_CONFIG: '/etc/weir/config/weir.config.yaml',
    DRAIN_SECONDS: '2',
  });
  expect(composeFile(docker.environment()).services['app-1']!.stop_grace_period).toBe('12s');
  expect(environment!.PEER_SECRET!.length).toBeGreaterThan(20);
  // Names: Compose takes their values from the environment that it was given.
  expect(readFileSync(inState('providers.env'), 'utf8')).toBe('HOUSE_KEY\n');
  expect(docker.environment().HOUSE_KEY).toBe(CANARY);
  const given = readFileSync(inState('config/weir.config.yaml'), 'utf8');
  expect(given).not.toContain(CANARY);
  const wanted = parseWeirConfig(readFileSync(file.file, 'utf8'), file.file);
  wanted.providers.filed!.api_key_file = 'filed.key';
  expect(parseWeirConfig(given, 'given')).toEqual(wanted);
  expect(readFileSync(inState('config/filed.key'), 'utf8').trim()).toBe(`${CANARY}-in-a-file`);
});

it('what an earlier start gave the containers is taken away again', async () => {
  await start('--auth', 'keys', '--config', config().file);
  await weir('stop');
  await start();
  expect(docker.calls()).toEqual([UP, 'down', UP]);
  expect(composeFile(docker.environment()).services['app-1']!.environment).toMatchObject({
    AUTH_MODE: 'none',
    WEIR_CONFIG: '',
    POOL_SCOPE: 'instance',
    MAX_CONNECTIONS_PER_USER: '3',
  });
  for (const name of ['config/weir.config.yaml', 'config/filed.key', 'keys/api_keys.json', 'operator/operator.key'])
    expect(existsSync(inState(name)), name).toBe(false);
  expect(readFileSync(inState('providers.env'), 'utf8')).toBe('');
});

it('keys are made and revoked in the containers’ file too', async () => {
  await start('--auth', 'keys');
  const given = () => JSON.parse(readFileSync(inState('keys/api_keys.json'), 'utf8')) as { keys: object[] };
  expect(given().keys).toMatchObject([{ name: 'operator' }]);
  await weir('keys', 'create', 'alice');
  expect(given().keys).toMatchObject([{ name: 'operator' }, { name: 'alice' }]);
  await weir('keys', 'revoke', 'alice');
  expect(given().keys[1]).toHaveProperty('revoked');
  const { outside } = containerUser(self, false);
  expect([mode(inState('keys/api_keys.json')), statSync(inState('keys/api_keys.json')).uid]).toEqual([
    '600',
    outside.uid,
  ]);
});

it('a broken configuration starts nothing', async () => {
  const broken = routeFile('providers: { a: {}, b: { preset: opnai } }\n');
  onTestFinished(() => broken[Symbol.dispose]());
  const { code, stderr } = await stack.weir(['start', '--all', '--driver', 'compose', '--config', broken.file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/line 1: providers\.a has no address[\s\S]*line 1: providers\.b\.preset/);
  expect(docker.calls()).toEqual([]);
});

it('a start that fails says why, and leaves no container', async () => {
  docker.say('up', 'Error response from daemon: driver failed programming external connectivity');
  const { code, stderr } = await stack.weir(['start', '--all', '--driver', 'compose']);
  expect(code).toBe(1);
  expect(stderr).toContain('docker compose up failed (Error response from daemon: driver failed');
  expect(docker.calls()).toEqual([UP, 'down']);
});

it('status, logs and doctor know the containers', async () => {
  await start();
  const { services } = JSON.parse(await weir('status', '--json')) as { services: { name: string; healthy: boolean }[] };
  expect(services.map(({ name }) => name)).toEqual(['redis', 'usage', 'app-1', 'app-2', 'app-3', 'console', 'nginx']);
  expect(await weir('logs', 'app-1')).toContain('app-1  | a line');
  expect(docker.calls().at(-1)).toBe('logs --tail 50 app-1');
  const doctor = await stack.weir(['doctor', '--json']);
  const { checks } = JSON.parse(doctor.stdout) as { checks: { id: string; what: string }[] };
  const found = Object.fromEntries(checks.map(({ id, what }) => [id, what]));
  expect(found).toMatchObject({ nginx_running: 'NGINX runs (pid in a container)', instances_alive: '3 of 3 answer' });
});

it('Redis is restarted between the last and the next look at its usage', async () => {
  await start();
  await weir('restart', 'redis');
  expect(docker.calls()).toEqual([UP, 'stop usage', 'restart redis', 'start usage']);
  await weir('restart', 'app-1');
  expect(docker.calls().at(-1)).toBe('restart app-1');
});

it('reload says what is missing', async () => {
  const reload = () => stack.weir(['reload']);
  await start();
  expect((await reload()).stderr).toContain('the instances were started without a configuration file');
  await weir('stop');
  expect((await reload()).stderr).toContain('the stack is not running; start it with');
});

it('usage that no instance reports is an error that says what to do', async () => {
  await start();
  const { code, stderr } = await stack.weir(['usage']);
  expect([code, stderr.trim()]).toEqual([
    1,
    'weir: usage can not be read: no instance answers; see ./weir status and ./weir doctor.',
  ]);
});

it('containers of a rootless engine run as the account that runs it', async () => {
  docker.say('info', 'Server:\n Security Options:\n  seccomp\n   Profile: builtin\n  rootless\n  cgroupns\n');
  await start('--auth', 'keys');
  expect(composeFile(docker.environment()).services['app-1']!.user).toBe('0:0');
  expect(statSync(inState('keys/api_keys.json')).uid).toBe(self.uid);
});

it('an old Compose, which could not read the file, is named', async () => {
  docker.say('version', '2.23.3');
  const { code, stderr } = await stack.weir(['start', '--all', '--driver', 'compose']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('Docker Compose 2.23.3 is too old; install 2.24 or newer'),
  ]);
});

it('a folder that can not be given to the containers is named', async () => {
  mkdirSync(inState(), { recursive: true });
  writeFileSync(inState('keys'), 'no folder');
  chmodSync(inState('keys'), 0o600);
  const { code, stderr } = await stack.weir(['start', '--all', '--driver', 'compose', '--auth', 'keys']);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `${inState('keys')} can not be given to the containers (EEXIST); remove it, then try again.`,
  );
  expect(docker.calls()).toEqual([]);
});
