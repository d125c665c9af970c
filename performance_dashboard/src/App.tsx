import { useEffect, useState } from 'react';
import { ApiKeyAlert, BypassAlert, UnreachableAlert } from './components/Alerts.tsx';
import { fetchTimeChart } from './components/Charts.tsx';
import { Doctor } from './components/Doctor.tsx';
import { HelpDialog, Logo, type Screen, Tabs, ThemeSwitch } from './components/Header.tsx';
import { LiveStream } from './components/LiveStream.tsx';
import { LoadTester } from './components/LoadTester.tsx';
import { Overview } from './components/Overview.tsx';
import { PathStrip } from './components/PathStrip.tsx';
import { Runs } from './components/Runs.tsx';
import { Usage } from './components/Usage.tsx';
import { useHashRoute, useShortcuts, useTheme } from './hooks/browser.ts';
import { usePath } from './hooks/usePath.ts';
import type { PageConfig } from './pageConfig.ts';
import { clusterStore } from './stores/clusterStore.ts';
import { liveStreamStore } from './stores/liveStreamStore.ts';
import { runStore } from './stores/runStore.ts';
import { pausedStore, useStore } from './stores/store.ts';

const SCREENS = [
  { route: 'load', title: 'Load tester' },
  { route: 'overview', title: 'Overview' },
  { route: 'runs', title: 'Runs' },
  { route: 'stream', title: 'Live stream' },
  { route: 'doctor', title: 'Doctor' },
  { route: 'usage', title: 'Usage' },
] as const satisfies readonly Screen[];
const ROUTES = ['load', 'overview', 'runs', 'stream', 'doctor', 'usage'] as const;

/** The whole page: header, path, alerts, and the screen that the address selects. */
export function App({ config }: { config: PageConfig }) {
  const { apiBaseUrl } = config;
  const { route, part } = useHashRoute(ROUTES);
  const { theme, shown, setTheme } = useTheme();
  const [help, setHelp] = useState(false);
  const paused = useStore(pausedStore);
  const path = usePath();
  useEffect(fetchTimeChart, []);
  useEffect(() => clusterStore.follow(apiBaseUrl, config.instances), [apiBaseUrl, config.instances]);
  useEffect(() => void liveStreamStore.resume(apiBaseUrl), [apiBaseUrl]);
  useEffect(() => {
    if (config.canRun) void runStore.adopt();
  }, [config.canRun]);
  useEffect(() => {
    document.title = `${SCREENS.find((screen) => screen.route === route)?.title} · Weir`;
  }, [route]);
  useShortcuts([
    ...SCREENS.map(({ route: to }, index) => [`${index + 1}`, () => go(to)] as const),
    ['p', () => pausedStore.set(!pausedStore.get())],
    ['?', () => setHelp(true)],
    ['Escape', () => runStore.stop()],
  ]);

  const props = { config, cluster: path.cluster, theme: shown };
  return (
    <div className="mx-auto flex min-h-dvh max-w-[80rem] flex-col gap-4 px-3 py-3 sm:px-6 sm:py-4">
      <button type="button" className="sr-only focus:not-sr-only" onClick={focusMain}>
        Skip to content
      </button>
      <header className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <h1 className="flex items-center gap-2 text-heading font-semibold">
            <Logo />
            Weir
          </h1>
          <Tabs screens={SCREENS} current={route} />
        </div>
        <div className="flex items-center gap-2">
          <button
            type="button"
            className="button-plain min-h-7! px-2! text-label aria-pressed:border-warn aria-pressed:text-warn"
            aria-pressed={paused}
            onClick={() => pausedStore.set(!paused)}
          >
            {paused ? '▸ Resume' : 'Pause'}
          </button>
          <ThemeSwitch theme={theme} onChange={setTheme} />
          <HelpDialog open={help} onOpenChange={setHelp} />
        </div>
      </header>
      <PathStrip
        cluster={path.cluster}
        bypassed={path.bypassed}
        apiBaseUrl={apiBaseUrl}
        pageStreams={path.pageStreams}
        running={path.running}
      />
      {path.bypassed && <BypassAlert apiBaseUrl={apiBaseUrl} mixed={path.mixed} />}
      {path.unreachable && <UnreachableAlert apiBaseUrl={apiBaseUrl} status={path.cluster.status} />}
      <ApiKeyAlert apiBaseUrl={apiBaseUrl} reachable={path.cluster.link === 'live'} />
      <main id="main" tabIndex={-1} className="flex-1 outline-none">
        {route === 'load' && <LoadTester {...props} part={part} />}
        {route === 'overview' && <Overview {...props} paused={paused} />}
        {route === 'runs' && <Runs config={config} />}
        {route === 'stream' && <LiveStream {...props} />}
        {route === 'doctor' && <Doctor config={config} part={part} />}
        {route === 'usage' && <Usage config={config} />}
      </main>
      <footer className="flex flex-wrap justify-between gap-x-4 text-label text-muted">
        <span className="min-w-0 break-all">
          API <code className="font-mono">{apiBaseUrl}</code>
          {' · '}
          <a className="underline" href={`${apiBaseUrl}/docs`} target="_blank" rel="noreferrer">
            documentation
          </a>
        </span>
        <span>Keys: 1 to 6 screens · R run · Esc stop · P pause · ? help</span>
      </footer>
    </div>
  );
}

function go(route: string): void {
  window.location.hash = `#/${route}`;
}

/** Not a link: a link would change the hash, which is the route. */
function focusMain(): void {
  document.getElementById('main')?.focus();
}
