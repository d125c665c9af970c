import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Who may import whom; a layer may always import itself. */
const LAYERS: Record<string, readonly string[]> = {
  'src/config': [],
  'src/formats': ['src/config'],
  'src/core': ['src/formats', 'src/config'],
  'src/adapters': ['src/core', 'src/formats', 'src/config'],
  'src/gateway': ['src/adapters', 'src/core', 'src/formats', 'src/config'],
  'packages/client': ['src/formats'],
  'src/load': ['packages/client', 'src/formats'],
  'src/stack': ['src/formats', 'src/config'],
  'src/console': ['src/load', 'src/stack', 'packages/client', 'src/formats', 'src/config'],
  'src/cli': ['src/console', 'src/load', 'src/stack', 'src/formats', 'src/config'],
  performance_dashboard: ['packages/client', 'src/load', 'src/formats', 'src/config'],
  infrastructure: ['src/cli'],
};

const SEAM = 'performance_dashboard/src/api.ts';

/** The entry of the client package, which is imported by its name only. */
const CLIENT = 'packages/client/src/weir_client.ts';

/** The one file per program that reads the environment. */
const ENVIRONMENT_READERS = [
  'src/gateway/main.ts',
  'src/cli/environment.ts',
  'src/console/main.ts',
  'src/stack/supervisor/main.ts',
  'src/stack/usage/main.ts',
];

/** Words that may not come back: the field has plainer ones. Not words that have an ordinary use as well. */
const BANNED_WORDS = [
  'whoever',
  'nobody',
  'somebody',
  'mends?',
  'mended',
  'mending',
  'told',
  'news',
  'doors?',
  'dialects?',
];

/** What stays, by file: names that others rely on, and nothing else on the same line. */
const BANNED_WORDS_LEFT: Readonly<Record<string, RegExp>> = {
  // The name of a trace's attribute.
  'docs/traces.md': /`weir\.door`/g,
  'src/adapters/traces/span_names.ts': /\bdoor: 'weir\.door'/g,
  'src/adapters/traces/otel_tracer.ts': /\bWEIR\.door\b/g,
  'test/real/traces.test.ts': /'weir\.door'/g,
  // The older name of an endpoint, in the glossary.
  'ARCHITECTURE.md': /`door`/g,
  // The name of a system account.
  'src/stack/machine/worker_account.ts': /'nobody'/g,
  'test/unit/stack/machine.test.ts': /'nobody'|\bnobody:x:|else nobody,/g,
  // The old name of a field.
  'CHANGELOG.md': /`mend`/g,
};

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules') && !file.includes('/dist/'));
}

const files = Object.keys(LAYERS).flatMap(sourceFiles);
const text = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

function importsOf(file: string): string[] {
  const source = text.get(file) ?? '';
  const paths = [...source.matchAll(/(?:from|import\(|import)\s*['"](\.{1,2}\/[^'"]+|weir-client)['"]/g)].map(
    (match) => match[1] as string,
  );
  return paths.map((path) => (path === 'weir-client' ? CLIENT : relative(ROOT, resolve(ROOT, dirname(file), path))));
}

function layerOf(file: string): string | undefined {
  return Object.keys(LAYERS).find((layer) => file.startsWith(`${layer}/`));
}

describe('the architecture', () => {
  it('has the folders that its table names', () => {
    for (const layer of Object.keys(LAYERS)) expect(sourceFiles(layer), layer).not.toEqual([]);
  });

  it('lets each layer import only those below it', () => {
    const wrong = files.flatMap((file) => {
      const layer = layerOf(file) as string;
      return importsOf(file)
        .filter((target) => {
          const to = layerOf(target);
          return to !== undefined && to !== layer && !LAYERS[layer]?.includes(to);
        })
        .map((target) => `${file} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps adapters for different things apart', () => {
    const area = (file: string) => file.split('/').slice(0, 3).join('/');
    const wrong = files
      .filter((file) => file.startsWith('src/adapters/'))
      .flatMap((file) => importsOf(file).map((target) => [file, target] as const))
      .filter(([file, target]) => target.startsWith('src/adapters/') && area(file) !== area(target));
    expect(wrong).toEqual([]);
  });

  it('has one seam between the dashboard and the rest', () => {
    const crossing = files
      .filter((file) => file.startsWith('performance_dashboard/') && file !== SEAM)
      .filter((file) => importsOf(file).some((target) => target.startsWith('src/')));
    expect(crossing).toEqual([]);
  });

  it('has everything outside the client package import it by its name, so that what it offers is enough', () => {
    const inside = (file: string) => file.startsWith('packages/client/');
    const reaching = files
      .filter((file) => !inside(file))
      .flatMap((file) =>
        importsOf(file)
          .map((target) => `${file} -> ${target}`)
          .filter((edge) => inside(edge.split(' -> ')[1]!)),
      );
    expect(reaching.filter((edge) => !edge.endsWith(` -> ${CLIENT}`))).toEqual([]);
    expect(reaching.length).toBeGreaterThan(5);
  });

  it('has no import cycles', () => {
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'open') cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (state.has(file)) return;
      state.set(file, 'open');
      for (const target of importsOf(file)) if (text.has(target)) visit(target, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('reads the environment in one file per program', () => {
    const readers = files.filter((file) => /process\.env\b/.test(text.get(file) ?? ''));
    expect(readers.filter((file) => !ENVIRONMENT_READERS.includes(file))).toEqual([]);
  });

  it('keeps sockets, Redis and frameworks out of the core', () => {
    const banned =
      /from ['"](node:(net|http|https|http2|tls|child_process)|ioredis|fastify|undici|pino|prom-client)['"]/;
    expect(files.filter((file) => file.startsWith('src/core/') && banned.test(text.get(file) ?? ''))).toEqual([]);
  });

  it('keeps files short: none over 300 lines, the median at most 90', () => {
    const lengths = files.map((file) => [file, (text.get(file) ?? '').split('\n').length - 1] as const);
    expect(lengths.filter(([, length]) => length > 300)).toEqual([]);
    const sorted = lengths.map(([, length]) => length).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(90);
  });

  it('has hooks of tests in test files, or in functions that these call: modules are loaded once for many files', () => {
    const hook = /^(before|after)(Each|All)\(/m;
    const supports = sourceFiles('test').filter((file) => !file.endsWith('.test.ts'));
    const hooked = supports.filter((file) => hook.test(readFileSync(join(ROOT, file), 'utf8')));
    expect(hooked).toEqual(['test/support/leave_globals.ts']);
  });

  it('has no dumping grounds', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|types)(\/|\.tsx?$)/.test(file))).toEqual([]);
  });

  it('speaks plainly: in code, comments, documents, messages and the names of files', () => {
    const capital = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`;
    // As a word, and as a part of a name: of `ownDoor`, and of `doorOf`, but not of `recommend`.
    const banned = new RegExp(
      `(?<![A-Za-z])(${BANNED_WORDS.join('|')})(?![a-z])|(${BANNED_WORDS.map(capital).join('|')})(?![a-z])` +
        `|(?<![A-Z])(${BANNED_WORDS.map((word) => word.toUpperCase()).join('|')})(?![A-Za-z])`,
    );
    const written = globSync(
      [
        '{src,packages,test,bench,scripts,infrastructure,performance_dashboard}/**/*.{ts,tsx,css,html,lua,conf,json}',
        'docs/**/*.md',
        '*.{md,yml,yaml,json}',
        'Dockerfile',
      ],
      {
        cwd: ROOT,
        exclude: ['**/node_modules', '**/dist', 'docs/decisions', 'package-lock.json', 'test/architecture.test.ts'],
      },
    );
    expect(written.length).toBeGreaterThan(500);
    const wrong = written.flatMap((file) => {
      const left = BANNED_WORDS_LEFT[file];
      const lines = [file, ...readFileSync(join(ROOT, file), 'utf8').split('\n')];
      return lines
        .filter((line) => banned.test(left ? line.replace(left, '') : line))
        .map((line) => `${file}: ${line.trim()}`);
    });
    expect(wrong).toEqual([]);
  });

  it('imports no values of node:http: that reads all of its exports, one of which loads fetch', () => {
    const importing = sourceFiles('src').filter((file) =>
      /^import (?!type ).*from 'node:http'/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(importing).toEqual([]);
  });
});
