import { readyInstances } from '../stores/instanceHistory.ts';
import { runStore } from '../stores/runStore.ts';
import { settingsStore } from '../stores/settingsStore.ts';
import { useLive, useStore } from '../stores/store.ts';
import { capitalised } from '../view/doctorGroups.ts';
import { expectedWords } from '../view/runVerdict.ts';
import { planWords } from '../view/runWords.ts';
import { planOf } from '../view/settings.ts';
import { Comparison } from './Comparison.tsx';
import { FailoverDrill } from './FailoverDrill.tsx';
import { LoadForm } from './LoadForm.tsx';
import type { ScreenProps } from './Panel.tsx';
import { RunResult } from './RunResult.tsx';

const PARTS = [
  { part: '', title: 'Load test' },
  { part: 'balancer', title: 'With and without the balancer' },
  { part: 'failover', title: 'Failover drill' },
] as const;

/** The guide's load test, and two experiments: the comparison and the failover drill. */
export function LoadTester({ part, ...props }: ScreenProps & { part: string }) {
  return (
    <div className="flex flex-col gap-4">
      <nav aria-label="Experiments" className="segments w-full self-start sm:w-fit">
        {PARTS.map(({ part: id, title }) => (
          <a
            key={id}
            href={id ? `#/load/${id}` : '#/load'}
            aria-current={id === part ? 'page' : undefined}
            className="segment sm:px-3!"
          >
            {title}
          </a>
        ))}
      </nav>
      {part === 'balancer' ? (
        <Comparison {...props} />
      ) : part === 'failover' ? (
        <FailoverDrill {...props} />
      ) : (
        <LoadTest {...props} />
      )}
    </div>
  );
}

function LoadTest({ config, cluster, theme }: ScreenProps) {
  const state = useLive(runStore);
  const settings = useStore(settingsStore);
  const words = planWords(planOf(settings, config.apiBaseUrl, '', ''));
  const pool = cluster.view?.instances[0]?.pool;
  const limits = pool ? { perUser: pool.max_connections_per_user, scope: pool.scope } : null;
  const known = cluster.history.instances.map(({ id }) => id);
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <LoadForm
        apiBaseUrl={config.apiBaseUrl}
        canRun={config.canRun}
        login={config.login}
        reachable={cluster.link === 'live' || cluster.link === 'stale'}
        phase={state.phase}
        onRun={(plan, engine) => void runStore.start(plan, engine, known)}
        onStop={() => runStore.stop()}
      />
      {state.phase === 'idle' ? (
        <Empty
          words={words}
          searches={settings.mode === 'limit'}
          expected={expectedWords(limits, readyInstances(cluster.history).length)}
        />
      ) : (
        <RunResult state={state} limits={limits} known={known} theme={theme} />
      )}
    </div>
  );
}

/** The plan of the guide in words. */
const GUIDE = '10 concurrent, 30 requests';

interface EmptyProps {
  words: string;
  /** Whether the plan is a search for the limit. */
  searches: boolean;
  expected: string;
}

function Empty({ words, searches, expected }: EmptyProps) {
  return (
    <section className="panel flex flex-col gap-3 px-4 py-6 sm:px-6 sm:py-8">
      <h2 className="text-heading font-semibold">
        {words === GUIDE ? 'Ten concurrent streams, thirty requests' : capitalised(words)}
      </h2>
      <p className="max-w-[65ch]">
        {searches
          ? 'Run the search to find how many streams the stack sustains at once. It adds streams step by step, and stops where requests fail or become slow.'
          : 'Run the test to see how NGINX distributes the streams over the instances, and when the limit per user refuses one.'}
      </p>
      <p className={words === GUIDE ? 'max-w-[65ch] text-muted' : 'hidden'}>{expected}</p>
      <ul className="mt-2 grid max-w-[65ch] gap-x-6 gap-y-2 text-muted sm:grid-cols-2">
        <li>Lanes: the start of each stream, by instance.</li>
        <li>Sequence: the first 200 requests, by instance.</li>
        <li>Shares: requests per instance, with the expected range.</li>
        <li>Latency: percentiles and their number of samples.</li>
      </ul>
    </section>
  );
}
