import { defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` (no process but this one), `real` (NGINX, Redis, instances as processes) and
 * `browser` (Chromium on top of that). Every file has ports, folders and sockets of its own.
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
          // Two at a time: most of a file's time is waiting for leases, drains and answers.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
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
