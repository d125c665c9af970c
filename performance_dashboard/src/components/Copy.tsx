import { useState } from 'react';

/** A button that copies a text and shows whether that worked. */
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
        {done === 'copied' ? 'Copied' : done === 'refused' ? 'Copying is not allowed' : label}
      </span>
    </button>
  );
}

/** A command with a button that copies it. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <span className="inline-flex max-w-full items-center rounded border border-line bg-surface">
      <code className="overflow-x-auto px-2 py-0.5 font-mono text-label">{text}</code>
      {window.isSecureContext && (
        <button
          type="button"
          onClick={copy}
          onBlur={() => setCopied(false)}
          aria-label={copied ? `Copied ${text}` : `Copy ${text}`}
          className="border-l border-line px-2 py-0.5 text-label text-muted hover:text-ink"
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </span>
  );
}
