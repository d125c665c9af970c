import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteRun, fetchRuns, type RunHead } from '../api.ts';
import { formatCount, formatMs, formatRate } from '../view/format.ts';
import { choose, planWords, startedWords } from '../view/runWords.ts';
import { CompareTable, type FinishedRun } from './CompareTable.tsx';
import { StateDot, type StateWord } from './Marks.tsx';
import { LoginRequired, Panel, PanelState, type ScreenProps, Scroll } from './Panel.tsx';
import { ReportLinks } from './RunActions.tsx';

const REFRESH_MS = 3_000;

/** Saved runs, and a comparison of two. */
export function Runs({ config }: Pick<ScreenProps, 'config'>) {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<string[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const runs = useQuery({
    queryKey: ['runs'],
    queryFn: ({ signal }) => fetchRuns(signal),
    enabled: !config.login,
    refetchInterval: REFRESH_MS,
  });
  const remove = async (id: string) => {
    setProblem(null);
    setChosen(chosen.filter((other) => other !== id));
    await deleteRun(id).catch((error: Error) => setProblem(error.message));
    await queries.invalidateQueries({ queryKey: ['runs'] });
  };

  if (config.login) {
    return (
      <LoginRequired title="Log in to see the runs">
        <p>Saved load tests contain their prompts and names.</p>
      </LoginRequired>
    );
  }
  if (runs.isPending) return <PanelState tone="idle" title="Loading the runs…" />;
  if (!runs.data) {
    return (
      <PanelState
        tone="bad"
        title="The runs cannot be loaded"
        action={{ label: 'Retry', act: () => void runs.refetch() }}
      >
        <p>{runs.error?.message}</p>
      </PanelState>
    );
  }
  if (runs.data.length === 0) {
    const start = () => {
      window.location.hash = '#/load';
    };
    return (
      <PanelState title="No runs yet" action={{ label: 'Open the load tester', act: start }}>
        <p>Load tests of this page and of ./weir load are saved here. Select two to compare them.</p>
      </PanelState>
    );
  }
  const [a, b] = chosen.map((id) => runs.data.filter(isFinished).find((run) => run.id === id));
  return (
    <div className="flex flex-col gap-4">
      {a && b ? (
        <CompareTable a={a} b={b} />
      ) : (
        <p className="px-1 text-muted">
          {chosen.length === 1 ? 'Select one more run.' : 'Select two runs to compare them.'}
        </p>
      )}
      {(runs.isError || problem) && (
        <p role="alert" className="rounded-md border border-warn bg-warn-ground px-4 py-2">
          {problem ?? `The list may be old: ${runs.error?.message}`}
        </p>
      )}
      <Panel title="Runs" unit="newest first">
        <RunsTable
          runs={runs.data}
          chosen={chosen}
          canDelete={config.canRun}
          onChoose={(id) => setChosen(choose(chosen, id))}
          onDelete={(id) => void remove(id)}
        />
      </Panel>
    </div>
  );
}

function isFinished(run: RunHead): run is FinishedRun {
  return run.report !== null;
}

const STATES: Record<RunHead['state'], StateWord> = {
  running: { tone: 'idle', word: 'running' },
  finished: { tone: 'good', word: 'finished' },
  cancelled: { tone: 'warn', word: 'cancelled' },
  failed: { tone: 'bad', word: 'failed' },
};

/** A finished run without a completed request is no success. */
function stateOf({ state, report }: RunHead): StateWord {
  if (state === 'finished' && report?.outcomes.ok === 0) return { tone: 'warn', word: 'none completed' };
  return STATES[state];
}

const ENGINES = { server: 'server', browser: 'browser', cli: 'terminal' } as const;

interface RunsTableProps {
  runs: readonly RunHead[];
  chosen: readonly string[];
  canDelete: boolean;
  onChoose: (id: string) => void;
  onDelete: (id: string) => void;
}

/** Saved runs, newest first. Two can be selected. */
export function RunsTable({ runs, chosen, canDelete, onChoose, onDelete }: RunsTableProps) {
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
