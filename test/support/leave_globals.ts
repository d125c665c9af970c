import { afterAll, vi } from 'vitest';

// Test files of a worker share one world: none leaves its clock, spies or globals to the next.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});
