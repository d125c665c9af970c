import { byName, type LoadSnapshot, STRIP_LENGTH, type StreamEnd, type StreamStart, type StripEntry } from '../api.ts';
import { instanceMark } from './instanceMark.ts';

/** Streams in flight per instance at one moment of a run. */
export interface CoursePoint {
  atMs: number;
  active: Readonly<Record<string, number>>;
}

/** `refused`: refused or failed before it streamed; drawn as a ring. */
export interface ShownStart extends StreamStart {
  refused?: boolean;
}

/** What the page draws of a run. Every list is bounded. */
export interface RunView {
  snapshot: LoadSnapshot | null;
  /** Streams as they started. */
  starts: readonly ShownStart[];
  /** One in `every` streams has a dot; above 1 only with thousands of streams. */
  every: number;
  course: readonly CoursePoint[];
  /** The first requests, by index. */
  strip: readonly StripEntry[];
}

export const emptyRunView: RunView = { snapshot: null, starts: [], every: 1, course: [], strip: [] };

/** Above this number, dots would overlap: every second one is removed. */
const MAX_STARTS = 4_000;
const MAX_POINTS = 600;

export function withSnapshot(view: RunView, snapshot: LoadSnapshot): RunView {
  const point = { atMs: snapshot.elapsed_ms, active: snapshot.active_by_instance };
  const last = view.course.at(-1);
  // The last snapshot of a run arrives twice: as an update and with the end of the run.
  const course = last && last.atMs >= point.atMs ? [...view.course.slice(0, -1), point] : [...view.course, point];
  return { ...view, snapshot, course: course.length > MAX_POINTS ? thinned(course) : course };
}

/** Every second point: a long run keeps its whole course, at coarser steps. */
function thinned(course: readonly CoursePoint[]): CoursePoint[] {
  return course.filter((_, index) => index % 2 === 0 || index === course.length - 1);
}

/** Adds started streams; known ones, sent again after a lost connection, stay unchanged. */
export function withStarts(view: RunView, started: readonly StreamStart[]): RunView {
  const known = new Set(view.starts.map(({ index }) => index));
  const starts = started.filter(({ index }) => !known.has(index));
  const strip = [...view.strip];
  for (const { index, instance } of starts) {
    if (index < STRIP_LENGTH) fill(strip, index, { instance, outcome: strip[index]?.outcome ?? null });
  }
  return { ...view, strip, ...thinnedStarts([...view.starts, ...starts], view.every) };
}

/** At most {@link MAX_STARTS} dots, spread over the whole run. */
function thinnedStarts(starts: readonly ShownStart[], every: number): Pick<RunView, 'starts' | 'every'> {
  const shown = starts.filter(({ index }) => index % every === 0);
  return shown.length > MAX_STARTS ? thinnedStarts(shown, every * 2) : { starts: shown, every };
}

export function withEnds(view: RunView, ends: readonly StreamEnd[]): RunView {
  const strip = [...view.strip];
  for (const { index, instance, outcome } of ends) {
    if (index < STRIP_LENGTH) fill(strip, index, { instance: instance ?? strip[index]?.instance ?? null, outcome });
  }
  const refused = ends.filter(isUnopened).map(({ index }) => index);
  return { ...view, strip, starts: withRings(view.starts, new Set(refused)) };
}

/** Takes the sequence from the console. */
export function withStrip(view: RunView, all: readonly StripEntry[]): RunView {
  const strip = all.slice(0, STRIP_LENGTH);
  const refused = strip.flatMap((entry, index) => (isUnopened(entry) ? [index] : []));
  return { ...view, strip, starts: withRings(view.starts, new Set(refused)) };
}

/** Outcomes of requests that never streamed. */
const UNOPENED: ReadonlySet<string | null> = new Set(['429', '503', '502', '504', 'other_4xx', 'other_5xx']);

function isUnopened({ outcome }: StripEntry): boolean {
  return UNOPENED.has(outcome);
}

function withRings(starts: readonly ShownStart[], refused: ReadonlySet<number>): readonly ShownStart[] {
  if (refused.size === 0) return starts;
  return starts.map((start) => (refused.has(start.index) ? { ...start, refused: true } : start));
}

function fill(strip: StripEntry[], index: number, cell: StripEntry): void {
  while (strip.length < index) strip.push({ instance: null, outcome: null });
  strip[index] = cell;
}

/** Instances ordered by name, so that rows and letters keep their place. */
export function instanceOrder(known: readonly string[], snapshot: LoadSnapshot | null): string[] {
  const seen = [...Object.keys(snapshot?.instances ?? {}), ...Object.keys(snapshot?.active_by_instance ?? {})];
  return [...new Set([...known, ...seen])].sort(byName);
}

/** app-2 before app-10. */

export interface InstanceRow {
  id: string;
  streamed: number;
  inFlight: number;
  /** Refused, cut or failed. */
  other: number;
}

/** A row for each instance that is known or that answered, ordered by name. */
export function instanceRows(
  snapshot: Pick<LoadSnapshot, 'instances' | 'active_by_instance'>,
  known: readonly string[],
): InstanceRow[] {
  const ids = new Set([...known, ...Object.keys(snapshot.instances), ...Object.keys(snapshot.active_by_instance)]);
  return [...ids].sort(byName).map((id) => {
    const { requests = 0, ok = 0 } = snapshot.instances[id] ?? {};
    return { id, streamed: ok, inFlight: snapshot.active_by_instance[id] ?? 0, other: requests - ok };
  });
}

export interface Dot {
  x: number;
  /** Dots of the same moment are stacked: 0 is the lowest. */
  level: number;
  refused: boolean;
}

/** Pixels of time that one dot covers. */
export const DOT_WIDTH = 8;

/**
 * Positions of the dots of one lane: one column per {@link DOT_WIDTH} pixels, filled from below.
 * @param width of the lane in pixels; it shows `spanMs`
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

/** End of the time axis: a round number at or above the elapsed time. */
export function axisEnd(elapsedMs: number): number {
  const steps = [2.5, 5, 7.5, 10, 12.5, 15, 20, 25, 30, 40, 50, 60].map((seconds) => seconds * 1000);
  return steps.find((step) => elapsedMs <= step) ?? Math.ceil(elapsedMs / 60_000) * 60_000;
}

export type CellKind = 'running' | 'streamed' | 'refused' | 'broken';

export interface Cell {
  /** Colour of its instance, or of a failure if no instance answered. */
  colour: string;
  letter: string;
  kind: CellKind;
  /** Tooltip. */
  title: string;
}

/** One cell for each of the first requests, in order of start. */
export function stripCells(strip: readonly StripEntry[]): Cell[] {
  return strip.map(({ instance, outcome }, index) => {
    const { letter, colour } = instanceMark(instance);
    const kind = kindOf(outcome);
    const title = `Request ${index + 1}: ${instance ?? 'no instance'}, ${outcome ?? 'running'}`;
    return { colour: instance === null ? 'var(--bad)' : colour, letter, kind, title };
  });
}

function kindOf(outcome: StripEntry['outcome'] | undefined): CellKind {
  if (outcome === null || outcome === undefined) return 'running';
  if (outcome === 'ok') return 'streamed';
  return outcome === '429' || outcome === '503' ? 'refused' : 'broken';
}
