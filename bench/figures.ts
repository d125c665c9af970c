/** What one row's figure gave in each run. */
export interface Figure {
  name: string;
  /** CPU microseconds per chunk of the first wave after the start, which no median counts. */
  first: number;
  /** CPU microseconds per chunk, a value per run. */
  microseconds: number[];
  /** The same divided by NGINX's in the same run. */
  ratios: number[];
}

/** How long clients of a row waited, in milliseconds, all runs together. */
export interface Delays {
  name: string;
  /** From the request to the first text. */
  firstTextMs: number[];
  /** From text to text. */
  gapsMs: number[];
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** CPU table, in Markdown. */
export function figureTable(figures: readonly Figure[]): string {
  const lines = ['| what | CPU µs per event | of the floor | runs | just started |', '|---|--:|--:|---|--:|'];
  for (const { name, first, microseconds, ratios } of figures) {
    const runs = microseconds.map((value) => value.toFixed(1)).join(', ');
    lines.push(
      `| ${name} | ${median(microseconds).toFixed(1)} | ${median(ratios).toFixed(2)} | ${runs} | ${first.toFixed(1)} |`,
    );
  }
  return lines.join('\n');
}

/** What a row may cost at most, as a multiple of the floor. */
export interface Goal {
  name: string;
  of: number;
}

/** Goals beside what this run gave; nothing is rounded in our favour. */
export function goalTable(goals: readonly Goal[], figures: ReadonlyMap<string, Figure>): string {
  const lines = ['| goal | here | |', '|---|--:|---|'];
  for (const { name, of } of goals) {
    const figure = figures.get(name);
    if (!figure) continue;
    const ratio = median(figure.ratios);
    lines.push(`| ${name}: at most ${of} × NGINX | ${ratio.toFixed(2)} | ${ratio <= of ? 'met' : 'missed'} |`);
  }
  return lines.join('\n');
}

/** Which waits of a row are reported, and how much a relay may add to each, in milliseconds. */
const DELAYS: readonly { what: string; of: (row: Delays) => number; goalMs: number }[] = [
  { what: 'first text, p50', of: ({ firstTextMs }) => percentile(firstTextMs, 0.5), goalMs: 0.7 },
  { what: 'first text, p99', of: ({ firstTextMs }) => percentile(firstTextMs, 0.99), goalMs: 2 },
  { what: 'gaps, p99', of: ({ gapsMs }) => percentile(gapsMs, 0.99), goalMs: 0.2 },
];

/** NGINX's CPU per event on the machine for which those goals were set. */
const GOALS_FLOOR_MICROSECONDS = 12.4;

/** Waits beside those of the way without a relay (`direct`, the first entry). */
export function delayTable(rows: readonly Delays[]): string {
  const heads = DELAYS.map(({ what }) => `${what}: ms | added`);
  const lines = [`| what | ${heads.join(' | ')} |`, `|---|${'--:|'.repeat(2 * DELAYS.length)}`];
  for (const row of rows) {
    const cells = DELAYS.flatMap(({ of }) => [of(row).toFixed(1), added(rows, row, of).toFixed(1)]);
    lines.push(`| ${row.name} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/**
 * Goals for what is added, for the rows of these names. A time says as much of the machine as of the program, so each
 * goal is also taken in proportion to NGINX's CPU per event.
 * @param rows as {@link delayTable} @param floor NGINX's figure of the same run
 */
export function delayGoalTable(rows: readonly Delays[], names: readonly string[], floor: Figure): string {
  const slower = median(floor.microseconds) / GOALS_FLOOR_MICROSECONDS;
  const lines = [
    '| added at most | here | | in proportion to NGINX | |',
    '|---|--:|---|--:|---|',
    ...rows
      .filter(({ name }) => names.includes(name))
      .flatMap((row) =>
        DELAYS.map(({ what, of, goalMs }) => {
          const here = added(rows, row, of);
          const verdict = (goal: number) => (here <= goal ? 'met' : 'missed');
          const scaled = goalMs * slower;
          return `| ${row.name}: ${what}: ${goalMs} ms | ${here.toFixed(1)} | ${verdict(goalMs)} | ${scaled.toFixed(1)} | ${verdict(scaled)} |`;
        }),
      ),
  ];
  return lines.join('\n');
}

function added(rows: readonly Delays[], row: Delays, of: (row: Delays) => number): number {
  return of(row) - of(rows[0] ?? row);
}

/** Cancel latencies by the name of their row, in milliseconds. */
export function cancelTable(rows: ReadonlyMap<string, readonly number[]>): string {
  const lines = ['| what | p50 ms | p99 ms | n |', '|---|--:|--:|--:|'];
  for (const [name, values] of rows) {
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(values, share).toFixed(1));
    lines.push(`| ${name} | ${p50} | ${p99} | ${values.length} |`);
  }
  return lines.join('\n');
}
