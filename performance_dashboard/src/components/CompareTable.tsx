import { useQuery } from '@tanstack/react-query';
import { type ComparisonRow, fetchCompare, type RunHead } from '../api.ts';
import { metricName, metricValue } from '../view/compareRows.ts';
import { planWords, startedWords } from '../view/runWords.ts';
import { Panel } from './Panel.tsx';
import { PanelState } from './PanelState.tsx';
import { Scroll } from './Scroll.tsx';
import { StateDot } from './StateDot.tsx';

/** Two runs, figure by figure, and which was better where that can be told. */
export function CompareTable({ a, b }: { a: RunHead; b: RunHead }) {
  const rows = useQuery({
    queryKey: ['compare', a.id, b.id],
    queryFn: ({ signal }) => fetchCompare(a.id, b.id, signal),
  });
  if (rows.isPending) return <PanelState tone="idle" title="Comparing…" />;
  if (rows.isError) {
    const action = { label: 'Compare again', act: () => void rows.refetch() };
    return (
      <PanelState tone="bad" title="The two could not be compared" action={action}>
        <p>{rows.error.message}</p>
      </PanelState>
    );
  }
  return (
    <Panel title="Comparison" unit="better value in green">
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
            {rows.data.map((row) => (
              <tr key={row.metric}>
                <th scope="row">{metricName(row.metric)}</th>
                <Value row={row} side="a" />
                <Value row={row} side="b" />
                <td className="text-left!">
                  <StateDot
                    tone={row.better === 'a' || row.better === 'b' ? 'good' : 'idle'}
                    word={row.better === 'a' || row.better === 'b' ? `${row.better.toUpperCase()} is better` : ''}
                  />{' '}
                  <span className="text-muted">{row.note}</span>
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
