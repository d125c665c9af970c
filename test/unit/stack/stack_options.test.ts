import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/cli/environment.ts';
import { startCommand } from '../../../src/cli/start_command.ts';
import { redisHosts } from '../../../src/stack/redis/redis_facts.ts';
import {
  DEFAULT_STACK_OPTIONS,
  differingOptions,
  exposureProblem,
  mergeOptions,
  optionFlag,
  optionProblems,
  type StackOptions,
} from '../../../src/stack/stack_options.ts';

const options = { ...DEFAULT_STACK_OPTIONS, all: true };

describe('optionProblems', () => {
  it('has nothing against the defaults', () => {
    expect(optionProblems(options)).toEqual([]);
  });

  it('names all problems at once, by the flags that the user typed', () => {
    const problems = optionProblems({ ...options, instances: 0, httpsPort: 70_000, bind: 'localhost', redisUrl: 'x' });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['--instances', '--https-port', '--redis-url', '--bind']),
    );
  });

  it('takes a Redis Cluster, of its own or of the user', () => {
    expect(optionProblems({ ...options, redis: 'cluster' })).toEqual([]);
    expect(optionProblems({ ...options, redisUrl: 'redis://a:7000,b:7000' })).toEqual([]);
    const both = optionProblems({ ...options, redis: 'cluster', redisUrl: 'redis://a' });
    expect(both).toEqual([expect.stringContaining('leave out --redis-url')]);
  });

  it('takes one Redis or the nodes of a cluster', () => {
    const urls = ['redis://h', 'unix:///a/b,c.sock', 'redis://:secret@a:7000,b:7001,c:7002', 'rediss://a,rediss://b'];
    for (const redisUrl of urls) expect(optionProblems({ ...options, redisUrl })).toEqual([]);
    for (const redisUrl of ['redis://a,,b', 'redis://a, b', 'redis://', 'a:7000,b:7001']) {
      expect(optionProblems({ ...options, redisUrl }), redisUrl).toHaveLength(1);
    }
  });

  it('counts over all instances where clients have keys, and refuses what contradicts that', () => {
    const merged = mergeOptions(options, { auth: 'keys' });
    expect(merged).toMatchObject({ auth: 'keys', poolScope: 'cluster', maxPerUser: 9 });
    expect(optionProblems(merged)).toEqual([]);
    expect(mergeOptions(merged, { instances: 5 })).toMatchObject({ auth: 'keys', poolScope: 'cluster', maxPerUser: 9 });
    expect(mergeOptions(merged, { auth: 'none' })).toEqual(options);
    expect(mergeOptions(merged, { auth: 'none', poolScope: 'cluster' })).toMatchObject({ poolScope: 'cluster' });
    const wrong = mergeOptions(options, { auth: 'keys', poolScope: 'instance', identityHeader: 'X-User' });
    expect(optionProblems(wrong)).toEqual([
      expect.stringContaining('--pool-scope instance'),
      expect.stringContaining('--identity-header'),
    ]);
  });

  it('wants three different ports', () => {
    expect(optionProblems({ ...options, httpPort: 443 })).toEqual([expect.stringContaining('different ports')]);
  });

  it('knows what docker-compose.yml can not do', () => {
    expect(optionProblems({ ...options, driver: 'compose' })).toEqual([]);
    expect(optionProblems({ ...options, driver: 'compose', instances: 5 })[0]).toContain('--instances');
    expect(optionProblems({ ...options, driver: 'compose', all: false })[0]).toContain('--all');
    expect(optionProblems({ ...options, driver: 'compose', redisUrl: 'redis://a' })[0]).toContain('--redis-url');
    const more = mergeOptions(options, { driver: 'compose', auth: 'keys', config: '/a/weir.config.yaml' });
    expect(optionProblems(more)).toEqual([]);
  });
});

describe('exposureProblem', () => {
  const problem = (asked: Partial<StackOptions>, before = DEFAULT_STACK_OPTIONS) =>
    exposureProblem(mergeOptions(before, asked), asked, before);

  it.each(['0.0.0.0', '::', '192.168.1.5', '2001:db8::1'])('refuses %s without keys, unless that is said', (bind) => {
    expect(problem({ bind })).toMatch(`--bind ${bind} `);
    expect(problem({ bind, auth: 'keys' })).toBeUndefined();
    expect(problem({ bind, auth: 'none' })).toBeUndefined();
  });

  it.each(['127.0.0.1', '127.0.0.2', '::1'])('has nothing against %s', (bind) => {
    expect(problem({ bind })).toBeUndefined();
  });

  it('is what start says, before it does anything', async () => {
    await expect(startCommand({ all: true, bind: '0.0.0.0' }, {} as Environment)).rejects.toThrow(
      /^--bind 0\.0\.0\.0 /,
    );
  });

  it('accepts what an earlier start has accepted, and nothing wider', () => {
    const open = mergeOptions(DEFAULT_STACK_OPTIONS, { bind: '192.168.1.5', auth: 'none' });
    expect(problem({ instances: 4 }, open)).toBeUndefined();
    expect(problem({ bind: '0.0.0.0' }, open)).toMatch('--bind 0.0.0.0 ');
    const keyed = mergeOptions(DEFAULT_STACK_OPTIONS, { bind: '0.0.0.0', auth: 'keys' });
    expect(problem({ auth: 'none' }, keyed)).toBeUndefined();
  });
});

describe('mergeOptions', () => {
  it('lets the limit per user go with the scope, unless it was set', () => {
    const cluster = mergeOptions(options, { poolScope: 'cluster' });
    expect(cluster).toMatchObject({ poolScope: 'cluster', maxPerUser: 9 });
    expect(mergeOptions(cluster, { instances: 5 })).toMatchObject({ maxPerUser: 9, instances: 5 });
    expect(mergeOptions(cluster, { poolScope: 'instance' })).toMatchObject({ maxPerUser: 3 });
    expect(mergeOptions(options, { poolScope: 'cluster', maxPerUser: 3 })).toMatchObject({ maxPerUser: 3 });
    expect(mergeOptions({ ...options, maxPerUser: 5 }, { poolScope: 'cluster' })).toMatchObject({ maxPerUser: 5 });
  });
});

describe('differingOptions', () => {
  it('compares only what was said', () => {
    expect(differingOptions({}, options)).toEqual([]);
    expect(differingOptions({ instances: 3, all: true }, options)).toEqual([]);
    expect(differingOptions({ instances: 4, httpsPort: 443 }, options)).toEqual(['instances']);
  });
});

describe('optionFlag', () => {
  it('spells options as the command line does', () => {
    expect(optionFlag('maxPerUser')).toBe('--max-per-user');
  });
});

describe('redisHosts', () => {
  it.each([
    ['unix:///run/redis.sock', ['unix:///run/redis.sock']],
    ['redis://a:1', ['redis://a:1']],
    ['redis://a:1,redis://b:2', ['redis://a:1', 'redis://b:2']],
    [
      'rediss://me:secret@a:1,b:2, rediss://c:3',
      ['rediss://me:secret@a:1', 'rediss://me:secret@b:2', 'rediss://me:secret@c:3'],
    ],
  ])('of %s', (url, hosts) => {
    expect(redisHosts(url)).toEqual(hosts);
  });
});
