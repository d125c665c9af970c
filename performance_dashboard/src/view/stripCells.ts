import type { StripEntry } from '../api.ts';
import { instanceMark } from './instanceMark.ts';

export type CellKind = 'running' | 'streamed' | 'refused' | 'broken';

export interface Cell {
  /** Of its instance, as its letter is; of failures where no instance answered. */
  colour: string;
  letter: string;
  kind: CellKind;
  /** For people who point at it. */
  title: string;
}

/** One cell for each of the first requests, in the order in which they started. */
export function stripCells(strip: readonly StripEntry[]): Cell[] {
  return strip.map(({ instance, outcome }, index) => {
    const { letter, colour } = instanceMark(instance);
    const kind = kindOf(outcome);
    const title = `Request ${index + 1}: ${instance ?? 'no instance'}, ${outcome ?? 'under way'}`;
    return { colour: instance === null ? 'var(--bad)' : colour, letter, kind, title };
  });
}

function kindOf(outcome: StripEntry['outcome'] | undefined): CellKind {
  if (outcome === null || outcome === undefined) return 'running';
  if (outcome === 'ok') return 'streamed';
  return outcome === '429' || outcome === '503' ? 'refused' : 'broken';
}
