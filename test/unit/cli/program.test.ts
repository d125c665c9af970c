import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { closingWords } from '../../../src/cli/closing_words.ts';
import { readEnvironment } from '../../../src/cli/environment.ts';
import { buildProgram, usageSentence } from '../../../src/cli/program.ts';
import { layoutOf } from '../../../src/cli/stack_access.ts';
import { saidFlags } from '../../../src/cli/stack_flags.ts';
import type { ApiKey } from '../../../src/config/api_key.ts';
import { readKeys } from '../../../src/stack/keys/api_keys.ts';
import { DEFAULT_STACK_OPTIONS } from '../../../src/stack/stack_options.ts';
import { KeyFile } from '../../support/key_file.ts';

const environment = readEnvironment({});
const program = buildProgram(environment, async () => undefined);
const flagsOf = (name: string) =>
  program.commands.find((command) => command.name() === name)!.options.map((option) => option.long);

describe('the grammar', () => {
  it('has the commands that others rely on', () => {
    expect(program.commands.map((command) => command.name())).toEqual(
      expect.arrayContaining([
        'start',
        'stop',
        'restart',
        'status',
        'logs',
        'dashboard',
        'scale',
        'dev',
        'load',
        'doctor',
        'certs',
        'keys',
        'usage',
        'test',
      ]),
    );
  });

  it('takes the same stack options for start and restart', () => {
    expect(flagsOf('restart')).toContain('--rolling');
    for (const name of ['start', 'restart']) {
      expect(flagsOf(name).filter((flag) => flag !== '--rolling')).toEqual([
        '--all',
        '--instances',
        '--https-port',
        '--http-port',
        '--dashboard-port',
        '--redis-url',
        '--redis',
        '--driver',
        '--bind',
        '--max-per-user',
        '--max-connections',
        '--pool-scope',
        '--auth',
        '--config',
        '--identity-header',
      ]);
    }
  });

  it("defaults load to the guide's load test", () => {
    const load = program.commands.find((command) => command.name() === 'load')!;
    expect(load.opts()).toEqual({
      concurrency: 10,
      requests: 30,
      prompt: 'Write a short poem about performance testing.',
      model: 'gpt-3.5-turbo',
      provider: 'fake',
    });
  });

  it('keeps what was not said apart from what was', () => {
    const flags = { instances: 4, all: undefined } as unknown as Parameters<typeof saidFlags>[0];
    expect(saidFlags(flags)).toEqual({ instances: 4 });
  });
});

describe('keys that act for users', () => {
  const run = async (...args: string[]) => {
    const own = buildProgram(environment, async (work) => void (await work));
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await own.parseAsync(['keys', ...args], { from: 'user' });
  };

  it('are made with limits of each user and of all, and change the secret of their tokens', async () => {
    const file = new KeyFile();
    onTestFinished(() => file.close());
    const create = (...args: string[]) => run('create', ...args, '--file', file.path);
    await create('app', '--acts-for-users', '--rpm', '5', '--total-rpm', '100', '--total-tpm', '2000');
    const key = () => readKeys(file.path)[0] as ApiKey;
    const { acts_for_users: before } = key();
    expect(key()).toMatchObject({ name: 'app', requests_per_minute: 5 });
    expect(before).toMatchObject({ requests_per_minute: 100, tokens_per_minute: 2000 });
    await run('rotate-tokens', 'app', '--file', file.path);
    const { acts_for_users: after } = key();
    expect(after).toMatchObject({ requests_per_minute: 100, tokens_per_minute: 2000 });
    expect(after?.token_secrets).toHaveLength(2);
    expect(after?.token_secrets[1]).toEqual(before?.token_secrets[0]);
    await create('plain');
    await expect(create('wrong', '--total-rpm', '5')).rejects.toThrow(
      '--total-rpm and --total-tpm are for keys of many',
    );
    await expect(run('rotate-tokens', 'plain', '--file', file.path)).rejects.toThrow('plain does not act for users');
    expect(readKeys(file.path)).toHaveLength(2);
  });
});

describe('usageSentence', () => {
  it.each([
    [
      "error: unknown option '--al'\n(Did you mean --all?)\n",
      "unknown option '--al' (Did you mean --all?); see ./weir start --help.",
    ],
    [
      "error: option '--instances <n>' argument 'x' is invalid. It must be a whole number.\n",
      '--instances <n> can not be "x": it must be a whole number; see ./weir start --help.',
    ],
    [
      "error: command-argument value 'x' is invalid for argument 'n'. It must be a whole number.\n",
      '<n> can not be "x": it must be a whole number; see ./weir start --help.',
    ],
  ])('of %j', (text, sentence) => {
    expect(usageSentence(text, './weir start')).toBe(sentence);
  });
});

describe('closingWords', () => {
  it('names addresses with the ports in use', () => {
    const words = closingWords({ ...DEFAULT_STACK_OPTIONS, all: true, httpsPort: 9443 }, layoutOf(environment));
    expect(words).toContain('curl -k https://localhost:9443/api/v1/health');
    expect(words).toContain('http://localhost:3001');
    const usual = closingWords({ ...DEFAULT_STACK_OPTIONS, all: true }, layoutOf(environment));
    expect(usual).toContain('curl -k https://localhost/api/v1/health');
  });

  it('say that kept keys are not asked for, where they are not', () => {
    const file = new KeyFile();
    onTestFinished(() => file.close());
    const layout = { ...layoutOf(environment), apiKeys: file.path };
    const options = { ...DEFAULT_STACK_OPTIONS, all: true };
    expect(closingWords(options, layout)).not.toContain('clients do not need one');
    file.add();
    expect(closingWords(options, layout)).toContain('One key is stored, but clients do not need one');
    file.add();
    expect(closingWords(options, layout)).toContain('2 keys are stored, but clients do not need one');
    expect(closingWords({ ...options, auth: 'keys' }, layout)).not.toContain('clients do not need one');
  });
});
