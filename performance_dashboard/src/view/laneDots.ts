import type { ShownStart } from './runView.ts';

export interface Dot {
  x: number;
  /** Dots that start in the same moment stand above each other: 0 is the lowest. */
  level: number;
  refused: boolean;
}

/** Pixels of time that one dot covers. */
export const DOT_WIDTH = 8;

/**
 * Where the dots of one lane stand: a column for every {@link DOT_WIDTH} pixels, filled from below.
 * @param width of the lane in pixels, which stands for `spanMs`
 */
export function laneDots(starts: readonly ShownStart[], instance: string, spanMs: number, width: number): Dot[] {
  const levels = new Map<number, number>();
  const dots: Dot[] = [];
  for (const start of starts) {
    if (start.instance !== instance) continue;
    const column = Math.floor(((start.atMs / spanMs) * (width - DOT_WIDTH)) / DOT_WIDTH);
    const level = levels.get(column) ?? 0;
    levels.set(column, level + 1);
    dots.push({ x: column * DOT_WIDTH + DOT_WIDTH / 2, level, refused: start.refused === true });
  }
  return dots;
}

/** End of the time axis: a round number that the run has not reached yet. */
export function axisEnd(elapsedMs: number): number {
  const steps = [2.5, 5, 7.5, 10, 12.5, 15, 20, 25, 30, 40, 50, 60].map((seconds) => seconds * 1000);
  return steps.find((step) => elapsedMs <= step) ?? Math.ceil(elapsedMs / 60_000) * 60_000;
}
