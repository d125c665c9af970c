import { useState } from 'react';

/** A button that puts a text on the clipboard and says that it did; says why where it may not. */
export function Copy({ label, text }: { label: string; text: string | (() => string) }) {
  const [done, setDone] = useState<'copied' | 'refused' | null>(null);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(
      () => setDone('copied'),
      () => setDone('refused'),
    );
  };
  return (
    <button
      type="button"
      className="button-plain"
      onClick={copy}
      onBlur={() => setDone(null)}
      title={typeof text === 'string' ? text : undefined}
    >
      <span aria-live="polite">
        {done === 'copied' ? 'Copied' : done === 'refused' ? 'The browser forbids it' : label}
      </span>
    </button>
  );
}
