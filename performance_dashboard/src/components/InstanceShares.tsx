import type { InstanceShare, LoadSnapshot } from '../api.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { balanceVerdict } from '../view/runVerdict.ts';
import { instanceRows } from '../view/runView.ts';
import { InstanceMark, StateDot } from './Marks.tsx';
import { Panel, Scroll } from './Panel.tsx';

/** Each instance's share of the requests, with the range that chance allows. */
export function InstanceShares({ snapshot, known }: { snapshot: LoadSnapshot; known: readonly string[] }) {
  const rows = instanceRows(snapshot, known);
  const shares = new Map(snapshot.shares.map((share) => [share.instance, share]));
  const scale = Math.min(1, Math.max(0.4, ...snapshot.shares.map(({ share, high }) => Math.max(share, high))) * 1.05);
  return (
    <Panel title="Streams per instance">
      {rows.length === 0 ? (
        <p className="py-4 text-muted">Instances appear with the first response.</p>
      ) : (
        <Scroll label="Streams per instance, table">
          <table className="data-table">
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <td className="hidden w-2/5 sm:table-cell" />
                <th scope="col">Streamed</th>
                <th scope="col">Requests</th>
                <th scope="col">Share</th>
                <th scope="col">Expected range</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const share = shares.get(row.id);
                return (
                  <tr key={row.id}>
                    <th scope="row">
                      <InstanceMark id={row.id} />
                    </th>
                    <td className="hidden sm:table-cell" aria-hidden="true">
                      {share && <ShareBar share={share} colour={instanceMark(row.id).colour} scale={scale} />}
                    </td>
                    <td className="font-semibold">{formatCount(row.streamed)}</td>
                    <td>{formatCount(row.streamed + row.other)}</td>
                    <td>{share ? formatShare(share.share, 1) : '–'}</td>
                    <td className="text-muted">
                      {share ? `${formatShare(share.low, 1).replace(' %', '')}–${formatShare(share.high, 1)}` : '–'}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
      {rows.length > 0 && <Balance snapshot={snapshot} />}
    </Panel>
  );
}

/** The bar shows the share, the bracket the expected range. */
function ShareBar({
  share: { share, low, high },
  colour,
  scale,
}: {
  share: InstanceShare;
  colour: string;
  scale: number;
}) {
  const at = (part: number) => `${Math.min(100, (part / scale) * 100)}%`;
  return (
    <div className="relative h-5 w-full">
      <div className="absolute inset-y-1 left-0 rounded-sm" style={{ width: at(share), background: colour }} />
      <div
        className="absolute inset-y-0 rounded-sm border-x-2 border-ink/70 bg-ink/10"
        style={{ left: at(low), width: `calc(${at(high)} - ${at(low)})` }}
      />
    </div>
  );
}

function Balance({ snapshot }: { snapshot: LoadSnapshot }) {
  const verdict = balanceVerdict(snapshot);
  if (!verdict) return null;
  return (
    <p className="mt-2 flex flex-wrap gap-x-4 text-label text-muted">
      <span className="font-medium">
        <StateDot tone={verdict.tone} word={verdict.word} />
      </span>
      <span>{verdict.text}</span>
    </p>
  );
}
