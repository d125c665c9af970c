import { describe, expect, it } from 'vitest';
import { redisHosts } from '../../../src/stack/redis_facts.ts';
import {
  DEFAULT_STACK_OPTIONS,
  differingOptions,
  optionFlag,
  optionProblems,
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

  it('refuses limits over the cluster until they exist', () => {
    expect(optionProblems({ ...options, poolScope: 'cluster' })).toEqual([expect.stringContaining('use "instance"')]);
  });

  it('wants three different ports', () => {
    expect(optionProblems({ ...options, httpPort: 443 })).toEqual([expect.stringContaining('different ports')]);
  });

  it('knows what docker-compose.yml can not do', () => {
    expect(optionProblems({ ...options, driver: 'compose' })).toEqual([]);
    expect(optionProblems({ ...options, driver: 'compose', instances: 5 })[0]).toContain('--instances');
    expect(optionProblems({ ...options, driver: 'compose', all: false })[0]).toContain('--all');
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
