import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteRun, fetchRuns, type RunHead } from '../api.ts';
import { choose } from '../view/runWords.ts';
import { CompareTable, type FinishedRun } from './CompareTable.tsx';
import { LoginWanted } from './LoginWanted.tsx';
import { Panel } from './Panel.tsx';
import { PanelState } from './PanelState.tsx';
import { RunsTable } from './RunsTable.tsx';
import type { ScreenProps } from './ScreenProps.ts';

const REFRESH_MS = 3_000;

/** What was run before, and two of them beside each other. */
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
      <LoginWanted title="Log in to see the runs">
        <p>Load tests are kept with their prompts and names.</p>
      </LoginWanted>
    );
  }
  if (runs.isPending) return <PanelState tone="idle" title="Reading the history…" />;
  if (!runs.data) {
    return (
      <PanelState
        tone="bad"
        title="The history can not be read"
        action={{ label: 'Read it again', act: () => void runs.refetch() }}
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
      <PanelState title="No runs yet" action={{ label: 'Go to the load tester', act: start }}>
        <p>Every load test is kept here, from this page and from ./weir load; choose two to compare them.</p>
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
          {chosen.length === 1 ? 'Choose one more to compare the two.' : 'Choose two runs to compare them.'}
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
