import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongFilesFirst } from './test/support/long_files_first.ts';

// As ./weir has it: the programs under test are started hundreds of times, and compiled once.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '.weir/code');

/** All stacks of this checkout serve one built page: it is there before the first of them. */
const BUILT_PAGE = 'test/support/build_page.ts';

/**
 * Four projects: `unit` (no process but this one), `real` (NGINX, Redis, instances as processes),
 * `browser` (Chromium on top of that), and `alone`, where
 * shares are judged, frames are counted or the page is built anew, and nothing else may run. Every file has ports,
 * folders and sockets of its own.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts'],
          setupFiles: ['test/support/fast_check_runs.ts', 'test/support/leave_globals.ts'],
          // Files of a worker share their modules: loading them again for each is half of the time.
          isolate: false,
          maxWorkers: 2,
          // Property tests take their time where the machine has other work, and in their long form.
          testTimeout: 60_000 * Number(process.env.WEIR_TEST_RUNS ?? 1),
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          // As above; what is tested are other processes.
          setupFiles: ['test/support/leave_globals.ts'],
          isolate: false,
          globalSetup: BUILT_PAGE,
          // Three on two cores: tests wait for as long as they compute.
          maxWorkers: 3,
          // Tests of one file that say so wait together; five at a time would make them queue.
          maxConcurrency: 16,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          setupFiles: ['test/support/leave_globals.ts'],
          isolate: false,
          globalSetup: BUILT_PAGE,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'alone',
          include: ['test/alone/**/*.test.ts'],
          globalSetup: BUILT_PAGE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
