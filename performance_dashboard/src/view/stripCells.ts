import type { StripEntry } from '../api.ts';

export type CellKind = 'running' | 'streamed' | 'refused' | 'broken';

export interface Cell {
  /** Place of the instance in the order; -1 where no instance answered. */
  instance: number;
  letter: string;
  kind: CellKind;
  /** For people who point at it. */
  title: string;
}

export const letterOf = (index: number) => (index < 0 ? '–' : String.fromCharCode(65 + (index % 26)));

/** One cell for each of the first requests, in the order in which they started. */
export function stripCells(strip: readonly StripEntry[], instances: readonly string[]): Cell[] {
  return strip.map(({ instance, outcome }, index) => {
    const place = instance === null ? -1 : instances.indexOf(instance);
    const kind = kindOf(outcome);
    const title = `Request ${index + 1}: ${instance ?? 'no instance'}, ${outcome ?? 'under way'}`;
    return { instance: place, letter: letterOf(place), kind, title };
  });
}

function kindOf(outcome: StripEntry['outcome'] | undefined): CellKind {
  if (outcome === null || outcome === undefined) return 'running';
  if (outcome === 'ok') return 'streamed';
  return outcome === '429' || outcome === '503' ? 'refused' : 'broken';
}
