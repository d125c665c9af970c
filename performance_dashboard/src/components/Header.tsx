import { Dialog } from '@base-ui/react/dialog';
import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import type { Theme } from '../hooks/browser.ts';

/** A weir that splits a river into streams: public/weir.svg in the colour of the theme. */
export function Logo() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" className="text-accent">
      <g fill="none" stroke="currentColor" strokeWidth="3" strokeLinecap="round">
        <path d="M4 8h11c5 0 5 0 5 5v0c0 0 0 0 0 3" />
        <path d="M9 18v8M16 18v8M23 18v8" />
      </g>
    </svg>
  );
}

export interface Screen {
  route: string;
  title: string;
}

/** Links to the screens. */
export function Tabs({ screens, current }: { screens: readonly Screen[]; current: string }) {
  return (
    <nav aria-label="Screens" className="-mx-1 flex max-w-full flex-wrap gap-x-1">
      {screens.map(({ route, title }) => (
        <a
          key={route}
          href={`#/${route}`}
          aria-current={route === current ? 'page' : undefined}
          className="border-b-2 border-transparent px-2 py-1 text-muted hover:text-ink aria-[current]:border-accent aria-[current]:font-medium aria-[current]:text-ink"
        >
          {title}
        </a>
      ))}
    </nav>
  );
}

const CHOICES: readonly { theme: Theme; label: string }[] = [
  { theme: 'system', label: 'System' },
  { theme: 'light', label: 'Light' },
  { theme: 'dark', label: 'Dark' },
];

export function ThemeSwitch({ theme, onChange }: { theme: Theme; onChange: (theme: Theme) => void }) {
  return (
    <ToggleGroup
      aria-label="Theme"
      value={[theme]}
      onValueChange={([next]) => next && onChange(next as Theme)}
      className="flex rounded border border-line"
    >
      {CHOICES.map(({ theme: value, label }) => (
        <Toggle
          key={value}
          value={value}
          className="rounded px-2 py-0.5 text-label text-muted hover:text-ink data-[pressed]:bg-sunken data-[pressed]:font-medium data-[pressed]:text-ink"
        >
          {label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}

const KEYS = [
  ['1 to 6', 'Open a screen'],
  ['R', 'Run: load test, comparison, answer, checks'],
  ['Esc', 'Stop'],
  ['P', 'Pause or resume the updates'],
  ['?', 'Show this help'],
] as const;

const TERMS = [
  ['TTFT', 'Time to first token: from the start of the request to the first chunk with text. Heartbeats do not count.'],
  ['ICL', 'Inter-chunk latency: the gaps between chunks with text, over all requests.'],
  [
    'TPOT',
    'Time per output token, for each request: time between first and last chunk with text, divided by the number of gaps.',
  ],
  ['E2E', 'End to end: from the start of the request to its last event.'],
  ['429', 'Refused: too many concurrent streams or requests per minute, for this user or for the provider.'],
  ['503', 'Refused: no capacity, instances shut down, or the circuit of a failing provider is open.'],
  ['Truncated', 'The stream began but ended early.'],
] as const;

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Trigger className="button-plain min-h-7! px-2! text-label" aria-label="Keys and terms">
        ?
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="text-heading font-semibold">Keys</Dialog.Title>
          <dl className="mt-3 grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
            {KEYS.map(([key, what]) => (
              <div key={key} className="contents">
                <dt>
                  <kbd className="key">{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <h3 className="mt-6 text-heading font-semibold">Terms</h3>
          <dl className="mt-3 grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
            {TERMS.map(([term, what]) => (
              <div key={term} className="contents">
                <dt className="font-medium">{term}</dt>
                <dd className="text-muted">{what}</dd>
              </div>
            ))}
          </dl>
          <Dialog.Close className="button-plain mt-6">Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
