import { defineConfig } from 'vitest/config';

const RETRY = process.env.CI ? 1 : 0;

/**
 * Four projects: `unit` (no process but this one), `real` (NGINX, Redis, instances as processes) and
 * `browser` (Chromium on top of that), and `alone`, where
 * shares are judged and nothing else may slow an instance. Every file has ports, folders and sockets of its own.
 *
 * On CI a test with real parts that failed is tried once more: a shared machine can starve a process for seconds, and
 * what fails twice is no accident. On a contributor's machine nothing is tried again, so that a race shows itself.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts'],
          // Property tests take their time where the machine has other work.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          // Two at a time: most of a file's time is waiting for leases, drains and answers, and what starves meanwhile fails.
          maxWorkers: 2,
          retry: RETRY,
          // Of tests that say so themselves: they wait for timeouts.
          maxConcurrency: 20,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'alone',
          retry: RETRY,
          include: ['test/alone/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          retry: RETRY,
          // After the others: frames are counted.
          sequence: { groupOrder: 2 },
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
