import { memo, useMemo } from 'react';
import { STRIP_LENGTH, type StripEntry } from '../api.ts';
import { type Cell, stripCells } from '../view/runView.ts';
import { Panel, Scroll } from './Panel.tsx';

const LEGEND = [
  { kind: 'streamed', word: 'completed' },
  { kind: 'running', word: 'running' },
  { kind: 'refused', word: 'refused' },
  { kind: 'broken', word: 'cut or failed' },
] as const;

/** The first requests in order of start: how the balancer distributed them. */
export function SequenceStrip({ strip }: { strip: readonly StripEntry[] }) {
  const cells = useMemo(() => stripCells(strip), [strip]);
  return (
    <Panel
      title="Sequence"
      unit={`first ${STRIP_LENGTH} requests`}
      aside={
        <ul className="flex flex-wrap gap-x-4 text-label text-muted">
          {LEGEND.map(({ kind, word }) => (
            <li key={kind} className="flex items-center gap-1.5">
              <span className="strip-cell size-4 text-label text-ink" data-kind={kind} aria-hidden="true">
                <b>{kind === 'broken' ? '×' : ''}</b>
              </span>
              {word}
            </li>
          ))}
        </ul>
      }
    >
      {cells.length === 0 ? (
        <p className="py-2 text-muted">Each request appears as a tile when it starts.</p>
      ) : (
        <StripCells cells={cells} />
      )}
      {cells.length > 0 && (
        <details className="mt-2 text-label">
          <summary className="w-fit text-muted hover:text-ink">Show as a table</summary>
          <Scroll label="Sequence as a table" tall>
            <table className="data-table">
              <thead>
                <tr>
                  <th scope="col">Request</th>
                  <th scope="col">Instance</th>
                  <th scope="col">Outcome</th>
                </tr>
              </thead>
              <tbody>
                {strip.map(({ instance, outcome }, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a request is its place in the order
                  <tr key={index}>
                    <th scope="row">{index + 1}</th>
                    <td>{instance ?? '–'}</td>
                    <td>{outcome ?? 'running'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </details>
      )}
    </Panel>
  );
}

/** A tile for each request, with colour and letter of its instance; the fill shows the outcome. */
export const StripCells = memo(function StripCells({
  cells,
  large = false,
}: {
  cells: readonly Cell[];
  large?: boolean;
}) {
  const size = large ? 'aspect-square text-body' : 'size-5 text-label';
  return (
    <div aria-hidden="true" className={large ? 'grid grid-cols-10 gap-1 sm:gap-1.5' : 'flex flex-wrap gap-0.5'}>
      {cells.map(({ colour, letter, kind, title }, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a request is its place in the order
          key={index}
          title={title}
          data-kind={kind}
          className={`strip-cell ${size}`}
          style={{ color: colour }}
        >
          <b>{kind === 'broken' ? '×' : letter}</b>
        </span>
      ))}
    </div>
  );
});
