import type { LoadPlan } from '../api.ts';
import { useModels } from '../hooks/useModels.ts';
import { useShortcuts } from '../hooks/useShortcuts.ts';
import { isBusy, type RunPhase } from '../stores/runStore.ts';
import { settingsStore } from '../stores/settingsStore.ts';
import { useStore } from '../stores/store.ts';
import { loadCommand } from '../view/loadCommand.ts';
import { planOf } from '../view/runPlan.ts';
import type { LoadSettings } from '../view/settings.ts';
import { AdvancedFields } from './AdvancedFields.tsx';
import { Copy } from './Copy.tsx';
import { EngineField } from './EngineField.tsx';
import { Field } from './Field.tsx';
import { ModeFields } from './ModeFields.tsx';
import { ModelFields } from './ModelFields.tsx';

interface Props {
  apiBaseUrl: string;
  canRun: boolean;
  login: boolean;
  /** Whether the cluster is heard. */
  reachable: boolean;
  phase: RunPhase;
  onRun: (plan: LoadPlan, engine: LoadSettings['engine']) => void;
  onStop: () => void;
}

/** What is to be run. The guide's two numbers stand first; the rest keeps out of the way. */
export function LoadForm({ apiBaseUrl, canRun, login, reachable, phase, onRun, onStop }: Props) {
  const stored = useStore(settingsStore);
  const settings: LoadSettings = { ...stored, engine: canRun ? stored.engine : 'browser' };
  const change = (next: Partial<LoadSettings>) => settingsStore.change(next);
  const chosen = useModels(apiBaseUrl, reachable, settings);
  const busy = isBusy(phase);
  const provider = chosen.provider?.name;
  const model = chosen.model.trim();
  const missing = settings.prompt.trim() === '' ? 'Write a prompt first.' : model === '' ? 'Name a model first.' : null;

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
