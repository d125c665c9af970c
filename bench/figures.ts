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

/** Times to the first text of a row, in milliseconds, of all runs. */
export interface FirstText {
  name: string;
  values: number[];
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

/** Time to the first text, against the way without a relay (`direct`, the first entry). */
export function firstTextTable(rows: readonly FirstText[]): string {
  const [direct] = rows;
  const lines = ['| what | p50 ms | p99 ms | added p50 | added p99 |', '|---|--:|--:|--:|--:|'];
  for (const { name, values } of rows) {
    const p50 = percentile(values, 0.5);
    const p99 = percentile(values, 0.99);
    const added = [0.5, 0.99].map((share) => percentile(values, share) - percentile(direct?.values ?? [], share));
    lines.push(`| ${name} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${added.map((ms) => ms.toFixed(1)).join(' | ')} |`);
  }
  return lines.join('\n');
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
