import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchModels, type LoadPlan, type ModelsView } from '../api.ts';
import { useShortcuts } from '../hooks/useShortcuts.ts';
import { Field, NumberInput } from './Field.tsx';

/** More than the about 100 streams that a browser opens at once would only queue in it. */
const MAX_CONCURRENCY = 100;
const MAX_REQUESTS = 10_000;
/** While the list is not there, the provider that every deployment has. */
const FALLBACK: ModelsView['providers'] = [{ name: 'fake', usable: true, models: ['demo'], any_model: true }];

interface Props {
  apiBaseUrl: string;
  /** Whether the cluster is heard: the list of models is asked for again when it comes back. */
  reachable: boolean;
  phase: 'idle' | 'running' | 'stopping' | 'finished' | 'stopped';
  onRun: (plan: LoadPlan) => void;
  onStop: () => void;
}

export function LoadForm({ apiBaseUrl, reachable, phase, onRun, onStop }: Props) {
  const [concurrency, setConcurrency] = useState(10);
  const [requests, setRequests] = useState(30);
  const [prompt, setPrompt] = useState('Write a short poem about performance testing.');
  const [chosenProvider, setProvider] = useState<string | null>(null);
  const [chosenModel, setModel] = useState<string | null>(null);
  const models = useQuery({
    queryKey: ['models', apiBaseUrl],
    queryFn: ({ signal }) => fetchModels(apiBaseUrl, signal),
    enabled: reachable,
    staleTime: 60_000,
  });
  const providers = fakeFirst(models.data?.providers ?? FALLBACK);
  const provider = providers.find(({ name }) => name === chosenProvider) ?? providers[0] ?? FALLBACK[0]!;
  const model = chosenModel ?? provider.models[0] ?? (provider.any_model ? 'demo' : '');
  const busy = phase === 'running' || phase === 'stopping';
  const missing = prompt.trim() === '' ? 'Write a prompt first.' : model.trim() === '' ? 'Name a model first.' : null;

  const run = () => {
    if (busy || missing) return;
    onRun({ url: apiBaseUrl, concurrency, requests, prompt, model: model.trim(), provider: provider.name });
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
      <div className="grid grid-cols-2 gap-3">
        <NumberInput
          label="Concurrency"
          unit="streams"
          value={concurrency}
          max={MAX_CONCURRENCY}
          disabled={busy}
          onChange={setConcurrency}
        />
        <NumberInput
          label="Total requests"
          unit=""
          value={requests}
          max={MAX_REQUESTS}
          disabled={busy}
          onChange={setRequests}
        />
      </div>
      <Field id="prompt" label="Prompt">
        <textarea
          id="prompt"
          rows={3}
          className="control resize-y"
          value={prompt}
          maxLength={100_000}
          disabled={busy}
          onChange={(event) => setPrompt(event.target.value)}
        />
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field id="provider" label="Provider" hint={provider.usable ? undefined : provider.reason}>
          <select
            id="provider"
            className="control"
            value={provider.name}
            disabled={busy}
            aria-describedby="provider-hint"
            onChange={(event) => {
              setProvider(event.target.value);
              setModel(null);
            }}
          >
            {providers.map(({ name, usable }) => (
              <option key={name} value={name} disabled={!usable}>
                {usable ? name : `${name} (not usable now)`}
              </option>
            ))}
          </select>
        </Field>
        <Field id="model" label="Model">
          <input
            id="model"
            className="control"
            value={model}
            maxLength={200}
            disabled={busy}
            list="models"
            autoComplete="off"
            onChange={(event) => setModel(event.target.value)}
          />
          <datalist id="models">
            {provider.models.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </Field>
      </div>
      {busy ? (
        <button type="button" className="button-stop" onClick={onStop}>
          {phase === 'stopping' ? 'Stopping…' : 'Stop'}
        </button>
      ) : (
        <button type="submit" className="button-run" disabled={missing !== null}>
          Run Load Test
        </button>
      )}
      <p role="status" className="text-label text-muted empty:hidden">
        {missing}
      </p>
      <p className="text-label text-muted">
        The requests come from this browser. One that is refused waits as long as <code>Retry-After</code> says before
        its worker sends the next.
      </p>
    </form>
  );
}

/** `fake` costs nothing, so it stands first whatever the default is. */
function fakeFirst(providers: ModelsView['providers']): ModelsView['providers'] {
  return [...providers].sort((a, b) => Number(b.name === 'fake') - Number(a.name === 'fake'));
}
