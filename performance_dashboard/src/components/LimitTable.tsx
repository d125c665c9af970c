import type { LimitReport } from '../api.ts';
import { formatCount, formatMs, formatRate } from '../view/format.ts';
import { Panel, Scroll } from './Panel.tsx';

/** The steps of a search for the limit. */
export function LimitTable({ limit }: { limit: LimitReport }) {
  const { steps, knee } = limit;
  const most = Math.max(1, ...steps.map(({ goodput_per_second }) => goodput_per_second));
  return (
    <Panel title="Search for the limit" unit="with rising concurrency">
      <Scroll label="Search for the limit, table">
        <table className="data-table">
          <thead>
            <tr>
              <th scope="col">Concurrent streams</th>
              <td className="hidden w-1/3 sm:table-cell" />
              <th scope="col">Good per second</th>
              <th scope="col">TTFT p50, ms</th>
              <th scope="col">p95, ms</th>
              <th scope="col">Completed</th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => (
              <tr key={step.concurrency} className={step.concurrency === knee?.concurrency ? 'bg-good-ground' : ''}>
                <th scope="row">
                  {formatCount(step.concurrency)}
                  {step.concurrency === knee?.concurrency && <span className="text-good"> ◂ best</span>}
                </th>
                <td className="hidden sm:table-cell" aria-hidden="true">
                  <div
                    className="h-3 rounded-sm bg-accent"
                    style={{ width: `${(step.goodput_per_second / most) * 100}%` }}
                  />
                </td>
                <td className="font-semibold">{formatRate(step.goodput_per_second)}</td>
                <td>{step.ttft_p50_ms === null ? '–' : formatMs(step.ttft_p50_ms)}</td>
                <td>{step.ttft_p95_ms === null ? '–' : formatMs(step.ttft_p95_ms)}</td>
                <td>
                  {formatCount(step.ok)} of {formatCount(step.requests)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
