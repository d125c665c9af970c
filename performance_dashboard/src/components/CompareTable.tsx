import { useMemo } from 'react';
import { type ComparisonRow, compareReports, type LoadReport, type RunHead } from '../api.ts';
import { metricName, metricValue } from '../view/format.ts';
import { planWords, startedWords } from '../view/runWords.ts';
import { StateDot } from './Marks.tsx';
import { Panel, Scroll } from './Panel.tsx';

export type FinishedRun = RunHead & { report: LoadReport };

/** Two runs side by side, with the better value where the difference is clear. */
export function CompareTable({ a, b }: { a: FinishedRun; b: FinishedRun }) {
  const rows = useMemo(() => compareReports(a.report, b.report), [a.report, b.report]);
  return (
    <Panel title="Comparison" unit="the better value is green">
      <p className="mb-2 text-label text-muted">
        <b className="font-semibold text-ink">A</b> {startedWords(a)}, {planWords(a.plan)} ·{' '}
        <b className="font-semibold text-ink">B</b> {startedWords(b)}, {planWords(b.plan)}
      </p>
      <Scroll label="Comparison, table">
        <table className="data-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col">A</th>
              <th scope="col">B</th>
              <th scope="col" className="text-left!">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.metric}>
                <th scope="row">{metricName(row.metric)}</th>
                <Value row={row} side="a" />
                <Value row={row} side="b" />
                <td className="text-left!">
                  {row.better === 'unclear' || row.better === 'none' ? (
                    <span className="text-muted">{row.note}</span>
                  ) : (
                    <>
                      <StateDot tone="good" word={`${row.better.toUpperCase()} is better`} />{' '}
                      <span className="text-muted">· {row.note.replace(/: (better|worse)$/, '')}</span>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function Value({ row, side }: { row: ComparisonRow; side: 'a' | 'b' }) {
  return (
    <td className={row.better === side ? 'font-semibold text-good' : ''}>
      {row.better === side && <span aria-hidden="true">▴ </span>}
      {metricValue(row, row[side])}
    </td>
  );
}
