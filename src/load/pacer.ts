import type { OpenLoop } from './load_plan.ts';

/** Numbers from 0 to below 1; the same seed gives the same ones (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * When the requests of an open loop are due, in milliseconds since its start, all before `forMs`: evenly, or as a
 * Poisson process, whose gaps are exponential. The times depend on nothing but the arguments, never on what the server
 * does.
 */
export function* arrivalTimes(
  { ratePerSecond, arrivals, seed = 1 }: Pick<OpenLoop, 'ratePerSecond' | 'arrivals' | 'seed'>,
  forMs: number,
): Generator<number, void> {
  const meanGapMs = 1000 / ratePerSecond;
  if (arrivals === 'constant') {
    // Multiplied, not added up: a sum of many gaps would drift.
    for (let index = 0; index * meanGapMs < forMs; index++) yield index * meanGapMs;
    return;
  }
  const random = seededRandom(seed);
  for (let atMs = gap(); atMs < forMs; atMs += gap()) yield atMs;

  function gap(): number {
    return -Math.log(1 - random()) * meanGapMs;
  }
}
