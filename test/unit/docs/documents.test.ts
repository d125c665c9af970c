import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PrometheusMetrics } from '../../../src/adapters/observe/prometheus_metrics.ts';
import { RoutingMetrics } from '../../../src/adapters/observe/routing_metrics.ts';
import { INSTANCE_VARIABLES } from '../../../src/gateway/config.ts';
import { DEFAULT_STACK_OPTIONS, optionFlag } from '../../../src/stack/stack_options.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

/** GitHub's name for a heading: lower case, no punctuation, dashes for spaces. */
function anchor(heading: string): string {
  const words = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
  return words.trim().replaceAll(' ', '-');
}

function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchor(match[1] as string));
}

describe('the documents', () => {
  it.each(documents)('%s links to what is there', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map((match) => match[1] as string);
    const broken = links.filter((link) => {
      const [path = '', fragment] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(ROOT, target))) return true;
      return fragment !== undefined && !anchorsOf(target).includes(fragment);
    });
    expect(broken).toEqual([]);
  });

  it.each(['docs/guide.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'])('%s names files that exist', (file) => {
    const paths = [...read(file).matchAll(/`((?:src|test|performance_dashboard|infrastructure|docs)\/[\w./-]+)`/g)];
    // The dashboard's files are also named from its own folder.
    const exists = (path: string) => ['', 'performance_dashboard'].some((base) => existsSync(join(ROOT, base, path)));
    const missing = paths.map((match) => match[1] as string).filter((path) => !exists(path));
    // Made by the first start, and not in git.
    expect(missing.filter((path) => path !== 'infrastructure/nginx/ssl/')).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const operations = read('docs/operations.md');

  it('lists every variable of an instance', () => {
    // For tests only.
    const names = INSTANCE_VARIABLES.filter((name) => name !== 'FAULT_POINT');
    expect(names.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists every metric', () => {
    const metrics = new PrometheusMetrics(() => ({
      state: 'healthy',
      total_connections: 0,
      max_connections: 1,
      max_connections_per_user: 1,
      users: 0,
      scope: 'instance',
    }));
    new RoutingMetrics(metrics.registry, () => ({}));
    const names = metrics.registry.getMetricsAsArray().map(({ name }) => name);
    expect(names.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists every option of start', () => {
    const flags = [...Object.keys(DEFAULT_STACK_OPTIONS), 'redisUrl', 'config', 'identityHeader'].map(optionFlag);
    expect(flags.filter((flag) => !operations.includes(`\`${flag}`))).toEqual([]);
  });
});
