import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useKeyProblem } from '../hooks/useModels.ts';
import { apiKey, setApiKey } from '../stores/apiKey.ts';
import { Field } from './Field.tsx';

/** Where the API wants a key: a field for one. */
export function ApiKeyField({ apiBaseUrl, reachable }: { apiBaseUrl: string; reachable: boolean }) {
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
      <h2 className="text-heading font-semibold">This API asks for a key</h2>
      <p className="mt-1 max-w-[75ch]">
        {apiKey() === null ? 'What this page streams by itself needs one: ./weir keys create NAME makes it.' : problem}
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
          <Field id="api-key" label="API key" hint="Kept by this tab until it is closed, and sent to this API only.">
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
