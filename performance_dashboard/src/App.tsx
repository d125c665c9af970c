import { useEffect } from 'react';
import { Banner } from './components/Banner.tsx';
import { LoadTester } from './components/LoadTester.tsx';
import { Overview } from './components/Overview.tsx';
import { PathStrip } from './components/PathStrip.tsx';
import { type Screen, Tabs } from './components/Tabs.tsx';
import { ThemeSwitch } from './components/ThemeSwitch.tsx';
import { Unreachable } from './components/Unreachable.tsx';
import { useHashRoute } from './hooks/useHashRoute.ts';
import { useShortcuts } from './hooks/useShortcuts.ts';
import { useTheme } from './hooks/useTheme.ts';
import { clusterStore } from './stores/clusterStore.ts';
import { runStore } from './stores/runStore.ts';
import { useStore } from './stores/store.ts';

const SCREENS = [
  { route: 'load', title: 'Load tester' },
  { route: 'overview', title: 'Overview' },
] as const satisfies readonly Screen[];
const ROUTES = ['load', 'overview'] as const;

/** The frame: header, path, tabs, and the screen that the address names. */
export function App({ apiBaseUrl }: { apiBaseUrl: string }) {
  const route = useHashRoute(ROUTES);
  const { theme, shown, setTheme } = useTheme();
  const cluster = useStore(clusterStore);
  const run = useStore(runStore);
  useEffect(() => clusterStore.follow(apiBaseUrl), [apiBaseUrl]);
  useEffect(() => {
    document.title = `${SCREENS.find((screen) => screen.route === route)?.title} · Weir`;
  }, [route]);
  const go = (to: (typeof ROUTES)[number]) => () => {
    window.location.hash = `#/${to}`;
  };
  useShortcuts([
    ['1', go('load')],
    ['2', go('overview')],
    ['Escape', () => runStore.stop()],
  ]);

  // What a run saw counts as well: it may have taken another way than the cluster's events.
  const ranDirect = run.snapshot?.via === 'direct' || run.snapshot?.via === 'mixed';
  const bypassed = ranDirect || (cluster.via === null && cluster.link !== 'disconnected');
  const runFailed = run.phase === 'finished' && run.snapshot.outcomes.connect === run.snapshot.requests;
  const unreachable = cluster.link === 'disconnected' || (runFailed && cluster.link !== 'live');

  return (
    <div className="mx-auto flex min-h-dvh max-w-[80rem] flex-col gap-4 px-3 py-3 sm:px-6 sm:py-4">
      <button type="button" className="sr-only focus:not-sr-only" onClick={focusMain}>
        Skip to content
      </button>
      <header className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <div className="flex items-center gap-6">
          <h1 className="flex items-center gap-2 text-heading font-semibold">
            <img src="/weir.svg" alt="" width="22" height="22" />
            Weir
          </h1>
          <Tabs screens={SCREENS} current={route} />
        </div>
        <ThemeSwitch theme={theme} onChange={setTheme} />
      </header>
      <PathStrip
        cluster={cluster}
        bypassed={bypassed}
        apiBaseUrl={apiBaseUrl}
        running={(run.snapshot?.active ?? 0) > 0}
      />
      {bypassed && <Banner apiBaseUrl={apiBaseUrl} mixed={run.snapshot?.via === 'mixed'} />}
      {unreachable && <Unreachable apiBaseUrl={apiBaseUrl} status={cluster.status} />}
      <main id="main" tabIndex={-1} className="flex-1 outline-none">
        {route === 'load' ? (
          <LoadTester apiBaseUrl={apiBaseUrl} cluster={cluster} theme={shown} />
        ) : (
          <Overview cluster={cluster} theme={shown} />
        )}
      </main>
      <footer className="flex flex-wrap gap-x-4 text-label text-muted">
        <span className="min-w-0 break-all">
          API <code className="font-mono">{apiBaseUrl}</code>
        </span>
        <span>Keys: 1, 2 screens · R run · Esc stop</span>
      </footer>
    </div>
  );
}

/** A link would change the hash, which is the route. */
function focusMain(): void {
  document.getElementById('main')?.focus();
}
