import type { LoadSnapshot } from '../api.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { instanceRows } from '../view/instanceRows.ts';
import { InstanceMark, instanceColour } from './InstanceMark.tsx';

/** A bar for each instance: streamed (full), in flight (light), refused or failed (hatched), all to one scale. */
export function InstanceShares({ snapshot, known }: { snapshot: LoadSnapshot; known: readonly string[] }) {
  const rows = instanceRows(snapshot, known);
  const longest = Math.max(1, ...rows.map((row) => row.streamed + row.inFlight + row.other));
  const streamed = rows.reduce((sum, row) => sum + row.streamed, 0);
  return (
    <section className="panel min-w-0 px-4 py-3">
      <h2 className="font-semibold">Streams per instance</h2>
      {rows.length === 0 ? (
        <p className="py-4 text-muted">Which instance takes what appears with the first answer.</p>
      ) : (
        <div className="overflow-x-auto">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <td className="hidden w-2/5 sm:table-cell" />
                <th scope="col">Streamed</th>
                <th scope="col">Share</th>
                <th scope="col" className="hidden sm:table-cell">
                  In flight
                </th>
                <th scope="col">Not streamed</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <tr key={row.id}>
                  <th scope="row">
                    <InstanceMark id={row.id} index={index} />
                  </th>
                  <td className="hidden sm:table-cell" aria-hidden="true">
                    <Bar row={row} index={index} longest={longest} />
                  </td>
                  <td className="font-semibold">{formatCount(row.streamed)}</td>
                  <td>{formatShare(row.streamed, streamed)}</td>
                  <td className="hidden sm:table-cell">{formatCount(row.inFlight)}</td>
                  <td>{formatCount(row.other)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className={rows.length === 0 ? 'hidden' : 'mt-1 text-label text-muted'}>
        Share is of the streams that reached their end. Bar: full is streamed, light in flight, hatched not streamed
        (refused, cut or failed).
      </p>
    </section>
  );
}

interface BarProps {
  row: { streamed: number; inFlight: number; other: number };
  index: number;
  longest: number;
}

function Bar({ row, index, longest }: BarProps) {
  const width = (count: number) => ({ width: `${(count / longest) * 100}%` });
  return (
    <div className="flex h-4 w-full overflow-hidden rounded-sm bg-sunken" style={{ color: instanceColour(index) }}>
      <div className="bg-current" style={width(row.streamed)} />
      <div className="bg-current opacity-40" style={width(row.inFlight)} />
      <div className="hatched" style={width(row.other)} />
    </div>
  );
}
