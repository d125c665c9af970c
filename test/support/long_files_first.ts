import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, from the longest on: what begins last is short, and no worker is idle at the end. */
const LONGEST = [
  'test/real/stack_changes',
  'test/real/doctor',
  'test/browser/states',
  'test/real/soak',
  'test/real/durable_faults',
  'test/real/slot_store_model',
  'test/real/cluster_admission_outage',
  'test/browser/experiments',
  'test/real/cluster_admission',
  'test/real/stack_bad_clients',
  'test/real/durable_stack',
  'test/real/compose_parts',
  'test/browser/load_tester',
  'test/browser/accessibility',
  'test/browser/unreachable',
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
