import type { RunHead } from '../api.ts';
import { formatCount, formatMs, formatRate } from '../view/format.ts';
import { planWords, startedWords } from '../view/runWords.ts';
import { ReportLinks } from './RunActions.tsx';
import { Scroll } from './Scroll.tsx';
import { StateDot, type Tone } from './StateDot.tsx';

const STATES: Record<RunHead['state'], { tone: Tone; word: string }> = {
  running: { tone: 'idle', word: 'running' },
  finished: { tone: 'good', word: 'finished' },
  cancelled: { tone: 'warn', word: 'cancelled' },
  failed: { tone: 'bad', word: 'failed' },
};

/** A run that went to its end and had no answer is no success. */
function stateOf({ state, report }: RunHead): { tone: Tone; word: string } {
  if (state === 'finished' && report?.outcomes.ok === 0) return { tone: 'warn', word: 'nothing completed' };
  return STATES[state];
}

const ENGINES = { server: 'server', browser: 'browser', cli: 'terminal' } as const;

interface Props {
  runs: readonly RunHead[];
  chosen: readonly string[];
  canDelete: boolean;
  onChoose: (id: string) => void;
  onDelete: (id: string) => void;
}

/** The history, newest first; two of them can be chosen. */
export function RunsTable({ runs, chosen, canDelete, onChoose, onDelete }: Props) {
  return (
    <Scroll label="Runs, table">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">Compare</th>
            <th scope="col" className="text-left!">
              Started
            </th>
            <th scope="col" className="text-left!">
              Load
            </th>
            <th scope="col" className="text-left!">
              State
            </th>
            <th scope="col">Completed</th>
            <th scope="col">Refused</th>
            <th scope="col">Broken</th>
            <th scope="col">TTFT p50, ms</th>
            <th scope="col">p95, ms</th>
            <th scope="col">Streams/s</th>
            <th scope="col" className="text-left!">
              Files
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => {
            const { id, report, engine } = run;
            const place = chosen.indexOf(id);
            const refused = report ? report.outcomes['429'] + report.outcomes['503'] : 0;
            return (
              <tr key={id} className={place >= 0 ? 'bg-sunken' : ''}>
                <td className="pl-1!">
                  <label className="flex items-center gap-2">
                    <input
                      type="checkbox"
                      className="size-4 accent-accent"
                      aria-label={`Compare the run of ${startedWords(run)}`}
                      checked={place >= 0}
                      disabled={report === null}
                      onChange={() => onChoose(id)}
                    />
                    <b className="w-3 font-semibold">{place < 0 ? '' : place === 0 ? 'A' : 'B'}</b>
                  </label>
                </td>
                <th scope="row" className="text-left!">
                  {startedWords(run)}
                </th>
                <td className="text-left!">
                  {planWords(run.plan)} <span className="text-label text-muted">{ENGINES[engine]}</span>
                </td>
                <td className="text-left!">
                  <StateDot {...stateOf(run)} />
                </td>
                <td className="font-semibold">{report ? formatCount(report.outcomes.ok) : '–'}</td>
                <td>{report ? formatCount(refused) : '–'}</td>
                <td>{report ? formatCount(report.requests - report.outcomes.ok - refused) : '–'}</td>
                <td>{report?.ttft_ms ? formatMs(report.ttft_ms.p50) : '–'}</td>
                <td className={(report?.ttft_ms?.n ?? 0) < 20 ? 'text-muted italic' : ''}>
                  {report?.ttft_ms ? formatMs(report.ttft_ms.p95) : '–'}
                </td>
                <td>{report ? formatRate(report.streams_per_second) : '–'}</td>
                <td className="text-left!">
                  {report && (
                    <span className="flex gap-3 text-label">
                      <ReportLinks id={id} className="text-accent underline" />
                      {canDelete && (
                        <button
                          type="button"
                          className="text-muted underline hover:text-bad"
                          aria-label={`Delete the run of ${startedWords(run)}`}
                          onClick={() => onDelete(id)}
                        >
                          Delete
                        </button>
                      )}
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}
