import type { ComparisonRow } from '../compare_reports.ts';
import { milliseconds, pad, right, type Style } from './text_cells.ts';

const UNITS: Record<ComparisonRow['unit'], string> = { ms: ' ms', '1/s': '/s', share: ' %', count: '' };

/** Two runs side by side, for people. */
export function comparisonTable(rows: readonly ComparisonRow[], a: string, b: string, style: Style): string {
  const lines = rows.map(({ metric, unit, a: of, b: to, better, note }) => {
    const row = `  ${pad(metric, 18)}${right(cell(of, unit), 14)}${right(cell(to, unit), 14)}   ${note}`;
    if (better === 'none' || better === 'unclear') return style('dim', row);
    return style(better === 'b' ? 'green' : 'red', row);
  });
  const head = style('bold', `${pad('Comparison', 20)}${right('A', 14)}${right('B', 14)}`);
  return `${[`A: ${a}`, `B: ${b}`, head, ...lines].join('\n')}\n`;
}

function cell(value: number | null, unit: ComparisonRow['unit']): string {
  if (value === null) return '-';
  const number = unit === 'count' ? String(value) : milliseconds(unit === 'share' ? value * 100 : value);
  return number + UNITS[unit];
}
