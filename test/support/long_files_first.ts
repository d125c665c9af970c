import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest come first, so that no worker is idle at the end. Those that compute and those that wait
 * take turns: workers that all wait leave the machine idle.
 */
const LONGEST = [
  'test/real/stack_bad_clients',
  'test/real/doctor',
  'test/browser/states',
  'test/real/stack_changes',
  'test/real/cluster_admission',
  'test/real/start_stop',
  'test/real/durable_broken_record',
  'test/browser/load_tester',
  'test/real/durable_stack',
  'test/real/certs_trust',
  'test/real/provider_takeover',
  'test/real/routes_stack',
  'test/real/stack_redis_cluster',
  'test/real/console_runs',
  'test/real/durable_redis',
  'test/browser/experiments',
  'test/real/stack_supervisor',
  'test/real/durable_streams',
  'test/real/durable_pauses',
  'test/real/stack_streams',
  'test/real/instance_stream',
  'test/real/durable_redis_cluster',
  'test/browser/unreachable',
  'test/real/routes',
  'test/real/stack_keys',
  'test/real/compose_driver',
  'test/real/durable_faults',
  'test/real/compose_parts',
  'test/real/mixed_versions',
  'test/real/redis_cluster',
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
