import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, from the longest on: what begins last is short, and no worker is idle at the end. */
const LONGEST = [
  'test/real/stack_changes',
  'test/real/doctor',
  'test/browser/states',
  'test/browser/unreachable',
  'test/browser/load_tester',
  'test/real/routes_stack',
  'test/real/stack_bad_clients',
  'test/real/console_runs',
  'test/real/durable_streams',
  'test/browser/accessibility',
  'test/real/cluster_admission',
  'test/browser/experiments',
  'test/real/stack_streams',
  'test/browser/narrow',
  'test/real/soak',
  'test/real/routes',
  'test/browser/keys_and_usage',
  'test/real/durable_redis',
  'test/real/compose_parts',
  'test/real/stack_keys',
  'test/real/durable_stack',
].map((name) => `${name}.test.ts`);

/** Vitest's own order, which takes big files first, with the longest before them. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification) => {
      const at = LONGEST.findIndex((name) => file.moduleId.endsWith(name));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
