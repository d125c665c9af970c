import type { LoadReport, Spread } from '../api.ts';
import { formatCount, formatMs } from '../view/format.ts';
import { Panel, Scroll } from './Panel.tsx';

/** Percentiles, each with the number of samples that it needs. */
const PERCENTILES = [
  { key: 'p50', name: 'p50', least: 1 },
  { key: 'p90', name: 'p90', least: 10 },
  { key: 'p95', name: 'p95', least: 20 },
  { key: 'p99', name: 'p99', least: 100 },
  { key: 'p999', name: 'p99.9', least: 1000 },
] as const;

const ROWS = [
  { name: 'TTFT', title: 'Time to first token: from the start of the request to its first text', of: 'ttft_ms' },
  { name: 'TPOT', title: 'Time per output token, per request', of: 'tpot_ms' },
  { name: 'ICL', title: 'Inter-chunk latency: all gaps between chunks with text', of: 'icl_ms' },
  { name: 'Stall', title: 'Largest gap of each request', of: 'stall_ms' },
  { name: 'E2E', title: 'End to end: from the start of the request to its last event', of: 'e2e_ms' },
  { name: 'Sent TTFT', title: 'TTFT from the time at which the request was actually sent', of: 'service_ttft_ms' },
  { name: 'Refusal', title: 'Time until a 429 or 503 response', of: 'refusal_ms' },
  { name: 'Gap', title: 'Gap while a stream moved to another connection', of: 'resume_gap_ms' },
] as const;

/** Latencies of completed streams; percentiles with too few samples are grey. */
export function LatencyTable({ report, open }: { report: LoadReport; open: boolean }) {
  const samples = report.e2e_ms?.n ?? 0;
  const rows = ROWS.filter(({ of }, index) => index < 3 || of === 'e2e_ms' || report[of]);
  return (
    <Panel title="Latency" unit="ms, of completed streams">
      <Scroll label="Latency, table">
        <table className="data-table">
          <thead>
            <tr>
              <th scope="col">Measure</th>
              {PERCENTILES.map(({ key, name }) => (
                <th key={key} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col">n</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, title, of }) => (
              <Row key={name} name={name} title={title} spread={report[of]} />
            ))}
          </tbody>
        </table>
      </Scroll>
      <p className="mt-2 text-label text-muted">
        {open ? 'TTFT and E2E start at the scheduled time of each request. ' : 'Times start when the request is sent. '}
        {samples > 0 && samples < 1000 && 'Grey: too few samples for that percentile.'}
      </p>
    </Panel>
  );
}

function Row({ name, title, spread }: { name: string; title: string; spread: Spread | null }) {
  return (
    <tr>
      <th scope="row">
        <abbr title={title} className="no-underline">
          {name}
        </abbr>
      </th>
      {PERCENTILES.map(({ key, least }) => (
        <td key={key} className={spread && spread.n >= least ? '' : 'text-muted italic'}>
          {spread ? formatMs(spread[key]) : '–'}
        </td>
      ))}
      <td className="text-muted">{spread ? formatCount(spread.n) : '–'}</td>
    </tr>
  );
}
