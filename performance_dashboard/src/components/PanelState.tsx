import { StateDot, type Tone } from './StateDot.tsx';

interface Props {
  /** Left out for a state that is neither good nor bad: nothing there yet. */
  tone?: Tone;
  title: string;
  children?: React.ReactNode;
  action?: { label: string; act: () => void; disabled?: boolean } | undefined;
}

/** What a panel shows instead of its contents: what will appear here, or why it does not, and one button. */
export function PanelState({ tone, title, children, action }: Props) {
  return (
    <section className="panel flex flex-col items-start gap-3 px-4 py-6 sm:px-6 sm:py-8">
      <h2 className="text-heading font-semibold">{tone ? <StateDot tone={tone} word={title} /> : title}</h2>
      {children && <div className="flex max-w-[65ch] flex-col gap-2 text-muted">{children}</div>}
      {action && (
        <button type="button" className="button-plain mt-1" onClick={action.act} disabled={action.disabled}>
          {action.label}
        </button>
      )}
    </section>
  );
}
