import { Dialog } from '@base-ui/react/dialog';

const KEYS = [
  ['1 to 6', 'screens'],
  ['R', 'run what the screen is for: test, comparison, answer, checks'],
  ['Esc', 'stop it'],
  ['P', 'pause the updates, and go on'],
  ['?', 'this help'],
] as const;

const WORDS = [
  ['TTFT', 'Time to first token: start of the request to the first chunk with text. Heartbeats do not count.'],
  ['ICL', 'Inter-chunk latency: all gaps between chunks with text, pooled.'],
  ['TPOT', 'Time per output token: last minus first chunk with text, over their number less one; per request.'],
  ['E2E', 'End to end: start of the request to its last event.'],
  ['429', 'Refused: too many streams of this user at once, too many requests a minute, or too many for the provider.'],
  ['503', 'Refused for now: no capacity, instances that leave, or a provider that fails and is left alone.'],
  ['cut', 'Streamed, and broke off before its end.'],
] as const;

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Trigger className="button-plain min-h-7! px-2! text-label" aria-label="Keys and words">
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
          <h3 className="mt-6 text-heading font-semibold">Words</h3>
          <dl className="mt-3 grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
            {WORDS.map(([word, what]) => (
              <div key={word} className="contents">
                <dt className="font-medium">{word}</dt>
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
