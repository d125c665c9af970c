import path from 'node:path';

/** A program whose end says whether a part of the tests holds. */
export interface TestPart {
  title: string;
  /** It runs in the project's folder; Node.js where nothing is named. */
  command?: 'npm';
  args: string[];
  /** Test files of vitest: its tests are counted, where every other part counts as one. */
  isVitest?: true;
  env?: Record<string, string>;
}

const bin = (program: string) => path.join('node_modules', program);
const VITEST = bin('vitest/vitest.mjs');
const BIOME = bin('@biomejs/biome/bin/biome');
const TSC = bin('typescript/bin/tsc');
const KNIP = bin('knip/bin/knip.js');

/** What needs no test: it runs beside the unit tests. */
export const STATIC_CHECKS: readonly TestPart[] = [
  { title: 'types', args: [TSC, '-p', 'tsconfig.json'] },
  { title: 'types of what runs in browsers', args: [TSC, '-p', 'tsconfig.browser.json'] },
  { title: 'unused code', args: [KNIP, '--no-progress'] },
  { title: 'format and lint', args: [BIOME, 'check', '--error-on-warnings', '.'] },
];

/** Vitest on these files, or on all of these projects. */
export function vitestPart(title: string, projects: readonly string[], files: readonly string[] = []): TestPart {
  const args = [VITEST, 'run', ...projects.flatMap((name) => ['--project', name]), ...files];
  return { title, args, isVitest: true };
}

/** A script of package.json; where it is missing, npm fails, and so does the part. */
const script = (title: string, name: string, ...args: string[]): TestPart => ({
  title,
  command: 'npm',
  args: ['run', name, '--', ...args],
});

/** Names of files whose streams go through what leans on insides of Node.js, and are to run without that too. */
const STREAMS = [
  'instance',
  'endpoint',
  'durable',
  'routes',
  'stack_streams',
  'stack_bad_clients',
  'provider_takeover',
];

/** The same questions as those of the short form, asked for longer. About half an hour on two cores. */
export function longParts(files: readonly string[]): TestPart[] {
  const streams = files.filter((file) => STREAMS.some((name) => file.startsWith(`test/real/${name}`)));
  return [
    { ...vitestPart('properties, twenty times as often', ['unit']), env: { WEIR_TEST_RUNS: '20' } },
    {
      ...vitestPart('slots in Redis, many more orders of events', [], ['test/real/slot_store_model.test.ts']),
      env: { WEIR_TEST_RUNS: '20' },
    },
    {
      ...vitestPart(
        'tests with more streams',
        [],
        ['stack_changes', 'stack_streams', 'durable_pauses', 'durable_redis_cluster'].map(
          (name) => `test/real/${name}.test.ts`,
        ),
      ),
      env: { WEIR_TEST_LONG: '1' },
    },
    {
      ...vitestPart('official clients over each pair of formats', [], ['test/real/translation.test.ts']),
      env: { WEIR_TEST_LONG: '1' },
    },
    {
      ...vitestPart('official clients for Python', [], ['test/real/python_clients.test.ts']),
      env: { WEIR_TEST_LONG: '1' },
    },
    {
      ...vitestPart('the client package in older versions of Node.js', [], ['test/browser/client_package.test.ts']),
      env: { WEIR_TEST_LONG: '1' },
    },
    { ...vitestPart('streams over plain sockets (WEIR_PLAIN_IO=1)', [], streams), env: { WEIR_PLAIN_IO: '1' } },
    script('providers that send nonsense, for two minutes', 'soak:hostile', '--minutes', '2'),
    script('clients of all manners while instances die, for two minutes', 'soak', '--minutes', '2'),
    script('the same, with limits over the cluster', 'soak', '--minutes', '2', '--scope', 'cluster'),
    script('deaths at all places, three seeds', 'soak:faults', '--seeds', '3'),
    script('leaks, in 30,000 streams', 'leaks', '--streams', '30000'),
  ];
}
