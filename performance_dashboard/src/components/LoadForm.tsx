import type { LoadPlan } from '../api.ts';
import { useShortcuts } from '../hooks/browser.ts';
import { useModels } from '../hooks/useModels.ts';
import { isBusy, type RunPhase } from '../stores/runStore.ts';
import { settingsStore } from '../stores/settingsStore.ts';
import { useStore } from '../stores/store.ts';
import { BROWSER_STREAMS, type LoadSettings, loadCommand, planOf } from '../view/settings.ts';
import { Command, Copy } from './Copy.tsx';
import { Field, Segments } from './Field.tsx';
import { AdvancedFields, ModeFields } from './LoadFields.tsx';
import { ModelFields } from './ModelFields.tsx';

interface LoadFormProps {
  apiBaseUrl: string;
  canRun: boolean;
  login: boolean;
  /** Whether the cluster answers. */
  reachable: boolean;
  phase: RunPhase;
  onRun: (plan: LoadPlan, engine: LoadSettings['engine']) => void;
  onStop: () => void;
}

/** The form of the load tester. The guide's two numbers come first. */
export function LoadForm({ apiBaseUrl, canRun, login, reachable, phase, onRun, onStop }: LoadFormProps) {
  const stored = useStore(settingsStore);
  const settings: LoadSettings = { ...stored, engine: canRun ? stored.engine : 'browser' };
  const change = (next: Partial<LoadSettings>) => settingsStore.change(next);
  const chosen = useModels(apiBaseUrl, reachable, settings);
  const busy = isBusy(phase);
  const provider = chosen.provider?.name;
  const model = chosen.model.trim();
  const missing = settings.prompt.trim() === '' ? 'Enter a prompt.' : model === '' ? 'Enter a model.' : null;

  const run = () => {
    if (!busy && !missing) onRun(planOf(settings, apiBaseUrl, provider, model), settings.engine);
  };
  useShortcuts([['r', run]]);

  return (
    <form
      aria-label="Load test"
      className="panel flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <ModeFields settings={settings} disabled={busy} onChange={change} />
      <Field id="prompt" label="Prompt">
        <textarea
          id="prompt"
          rows={3}
          className="control block resize-y"
          value={settings.prompt}
          maxLength={4_000}
          disabled={busy}
          onChange={(event) => change({ prompt: event.target.value })}
        />
      </Field>
      <ModelFields chosen={chosen} typed={settings.model} disabled={busy} onChange={change} />
      {busy ? (
        <button type="button" className="button-stop" onClick={onStop} disabled={phase === 'starting'}>
          {phase === 'stopping' ? 'Stopping…' : phase === 'starting' ? 'Starting…' : 'Stop'}
        </button>
      ) : (
        <button type="submit" className="button-run" disabled={missing !== null}>
          Run Load Test
        </button>
      )}
      <p role="status" className="text-label text-muted empty:hidden">
        {missing}
      </p>
      <EngineField
        engine={settings.engine}
        canRun={canRun}
        login={login}
        disabled={busy}
        onChange={(engine) => change({ engine })}
      />
      <AdvancedFields settings={settings} disabled={busy} onChange={change} isFake={provider === 'fake'} />
      {window.isSecureContext && (
        <div className="flex flex-wrap gap-2">
          <Copy label="Copy as command" text={loadCommand(settings, apiBaseUrl, provider, model)} />
          <Copy
            label="Copy link"
            text={() => {
              settingsStore.show();
              return window.location.href;
            }}
          />
        </div>
      )}
    </form>
  );
}

interface EngineProps {
  engine: LoadSettings['engine'];
  /** Whether the console runs load tests for this page. */
  canRun: boolean;
  /** Whether it would after a login. */
  login: boolean;
  disabled: boolean;
  onChange: (engine: LoadSettings['engine']) => void;
}

/** Who sends the requests: the console or this browser. */
export function EngineField({ engine, canRun, login, disabled, onChange }: EngineProps) {
  return (
    <div>
      <div className="mb-1 text-label font-medium">Requests come from</div>
      <Segments
        label="Requests come from"
        value={engine}
        disabled={disabled}
        onChange={onChange}
        choices={[
          { value: 'server', label: 'Server', disabled: !canRun },
          { value: 'browser', label: 'This browser' },
        ]}
      />
      <p className="mt-1 text-label text-muted">
        {engine === 'server' && 'The console sends them: thousands of streams, exact times.'}
        {engine === 'browser' && (
          <>
            <span className="mr-1 rounded-sm border border-warn px-1 font-medium text-warn">
              at most {BROWSER_STREAMS}
            </span>
            A browser opens about {BROWSER_STREAMS} streams at once. Its queue adds to the time to first token.
            {!canRun && !login && ' To send from the server, open the console’s own address.'}
          </>
        )}
      </p>
      {login && (
        <p className="mt-1 text-label text-muted">
          Log in to send from the server and to save runs: <Command text="./weir dashboard" />
        </p>
      )}
    </div>
  );
}
