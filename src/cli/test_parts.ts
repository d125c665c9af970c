import path from 'node:path';

/** A program whose end says whether a part of the tests holds. */
export interface TestPart {
  title: string;
  /** Node.js runs it, in the project's folder. */
  args: string[];
  /** Test files of vitest: its report is counted, where every other part counts as one test. */
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
