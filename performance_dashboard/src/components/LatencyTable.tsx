import type { LoadReport, Spread } from '../api.ts';
import { formatMs } from '../view/format.ts';

/** Percentiles and the least number of samples with which each says something. */
const PERCENTILES = [
  { key: 'p50', least: 1 },
  { key: 'p90', least: 10 },
  { key: 'p95', least: 20 },
  { key: 'p99', least: 100 },
] as const;

export function LatencyTable({ report }: { report: LoadReport }) {
  const samples = report.e2e_ms?.n ?? 0;
  return (
    <section className="panel min-w-0 px-4 py-3">
      <h2 className="font-semibold">
        Latency <span className="font-normal text-muted">ms, of completed streams</span>
      </h2>
      <div className="overflow-x-auto">
        <table className="data-table">
          <thead>
            <tr>
              <th scope="col">
                <span className="sr-only">Measure</span>
              </th>
              {PERCENTILES.map(({ key }) => (
                <th key={key} scope="col">
                  {key}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Row name="TTFT" title="Time to first token" spread={report.ttft_ms} />
            <Row name="E2E" title="End to end" spread={report.e2e_ms} />
          </tbody>
        </table>
      </div>
      <p className="mt-1 text-label text-muted">
        TTFT: request to first text. E2E: request to last event.{' '}
        {samples > 0 && samples < 100 && `Grey: too few samples (${samples}) for that percentile.`}
      </p>
    </section>
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
        <td key={key} className={spread && spread.n >= least ? '' : 'text-muted'}>
          {spread ? formatMs(spread[key]) : '–'}
        </td>
      ))}
    </tr>
  );
}
