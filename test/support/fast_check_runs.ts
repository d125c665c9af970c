import fc from 'fast-check';

/** `WEIR_TEST_RUNS`: how many times its usual runs a property gets; the long form of the tests sets it. */
const TIMES = Number(process.env.WEIR_TEST_RUNS ?? 1);

/** Runs of a property that says itself how many are usual. */
export const runs = (usual: number) => usual * TIMES;

// The short form always tries the same cases, so that a change is judged by what it changed; the long form tries new ones.
fc.configureGlobal(TIMES === 1 ? { numRuns: 100, seed: 1 } : { numRuns: runs(100) });
