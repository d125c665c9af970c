import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchDiagnosis } from '../api.ts';
import { useKeyProblem } from '../hooks/useModels.ts';
import { apiKey, setApiKey } from '../stores/apiKey.ts';
import { explainUnreachable } from '../view/explainUnreachable.ts';
import { Command } from './Copy.tsx';
import { Field } from './Field.tsx';

/** Shown if responses lack `X-Gateway-Via`: the guide's first pitfall. */
export function BypassAlert({ apiBaseUrl, mixed }: { apiBaseUrl: string; mixed: boolean }) {
  return (
    <section role="alert" className="rounded-md border border-bad bg-bad-ground px-4 py-3">
      <h2 className="font-semibold text-bad">
        {mixed ? 'Some of these requests bypassed NGINX' : 'These requests bypassed NGINX'}
      </h2>
      <p className="mt-1 max-w-[75ch]">
        Responses from <code className="font-mono break-all">{apiBaseUrl}</code> have no{' '}
        <code className="font-mono">X-Gateway-Via</code> header. They come directly from one instance: nothing is
        balanced, and only the slots of that instance are used. Unset{' '}
        <code className="font-mono">VITE_API_BASE_URL</code> and run{' '}
        <code className="font-mono">./weir start --all</code> to send requests through NGINX.
      </p>
    </section>
  );
}

/** Why the API does not answer, and what to do. The console knows what the browser hides. */
export function UnreachableAlert({ apiBaseUrl, status }: { apiBaseUrl: string; status: number | null }) {
  const diagnosis = useQuery({
    queryKey: ['diagnosis'],
    queryFn: ({ signal }) => fetchDiagnosis(signal),
    refetchInterval: 3000,
    gcTime: 0,
  });
  const origin = new URL(apiBaseUrl).origin;
  const sameOrigin = origin === window.location.origin;
  const { title, why, steps, offerCertificate } = explainUnreachable(
    { status, origin, sameOrigin },
    // Findings from before the console stopped are out of date.
    diagnosis.isPending ? 'pending' : diagnosis.isError ? null : diagnosis.data,
  );
  return (
    <section role="alert" className="rounded-md border border-bad bg-bad-ground px-4 py-3">
      <h2 className="text-heading font-semibold text-bad">{title}</h2>
      <p className="mt-1 max-w-[75ch]">{why}</p>
      <ol className="mt-3 flex flex-col gap-2">
        {offerCertificate && (
          <li>
            Open{' '}
            <a className="font-medium text-accent underline" href={`${origin}/`} target="_blank" rel="noreferrer">
              {origin}
            </a>{' '}
            once and accept the certificate. Then come back: this page reconnects automatically. Or use the dashboard
            there.
          </li>
        )}
        {steps.map(({ text, command }) => (
          <li key={command} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            {text} <Command text={command} />
          </li>
        ))}
      </ol>
      <p className="mt-3 text-label text-muted">Retrying every few seconds.</p>
    </section>
  );
}

/** A field for the API key, shown if the API requires one. */
export function ApiKeyAlert({ apiBaseUrl, reachable }: { apiBaseUrl: string; reachable: boolean }) {
  const queries = useQueryClient();
  const [text, setText] = useState('');
  const problem = useKeyProblem(apiBaseUrl, reachable);
  if (!problem) return null;
  const use = () => {
    setApiKey(text.trim());
    setText('');
    void queries.invalidateQueries({ queryKey: ['models'] });
  };
  return (
    <section role="alert" className="rounded-md border border-warn bg-warn-ground px-4 py-3">
      <h2 className="text-heading font-semibold">This API requires a key</h2>
      <p className="mt-1 max-w-[75ch]">
        {apiKey() === null
          ? 'Enter an API key to stream from this page. To create one, run ./weir keys create NAME.'
          : problem}
      </p>
      <form
        aria-label="Use an API key"
        className="mt-3 flex flex-wrap items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') use();
        }}
      >
        <div className="min-w-0 flex-1 basis-60 sm:max-w-[32rem]">
          <Field id="api-key" label="API key" hint="Stored in this tab until you close it. Sent to this API only.">
            <input
              id="api-key"
              type="password"
              autoComplete="off"
              spellCheck={false}
              className="control"
              aria-describedby="api-key-hint"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </Field>
        </div>
        <button type="submit" className="button-plain mb-6" disabled={text.trim() === ''}>
          Use this key
        </button>
      </form>
    </section>
  );
}
