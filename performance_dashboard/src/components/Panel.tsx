import { useId } from 'react';
import type { PageConfig } from '../pageConfig.ts';
import type { ClusterState } from '../stores/clusterStore.ts';
import { Command } from './Copy.tsx';
import { StateDot, type Tone } from './Marks.tsx';

interface PanelProps {
  title: string;
  /** Unit or scope of the content, in grey after the title. */
  unit?: string | undefined;
  aside?: React.ReactNode;
  className?: string;
  children: React.ReactNode;
}

/** A titled part of a screen. */
export function Panel({ title, unit, aside, className = '', children }: PanelProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`panel min-w-0 px-4 py-3 ${className}`}>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <h2 id={id} className="font-semibold">
          {title}
          {unit && <span className="font-normal text-muted"> {unit}</span>}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

interface PanelStateProps {
  /** Undefined: neither good nor bad, such as no data yet. */
  tone?: Tone;
  title: string;
  children?: React.ReactNode;
  action?: { label: string; act: () => void; disabled?: boolean } | undefined;
}

/** Shown instead of a panel's content: what will appear here, or why it does not, and one button. */
export function PanelState({ tone, title, children, action }: PanelStateProps) {
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

/** Shown instead of a screen that needs a login. */
export function LoginRequired({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <PanelState title={title} action={{ label: 'I have logged in: reload', act: () => window.location.reload() }}>
      {children}
      <p className="text-ink">
        On the machine of the stack, run <Command text="./weir dashboard" /> and open the link that it prints in this
        browser.
      </p>
    </PanelState>
  );
}

export interface Figure {
  label: string;
  value: string;
  unit: string;
}

/** The few figures of a screen, side by side. @param old they may be out of date */
export function Figures({ figures, old = false }: { figures: readonly Figure[]; old?: boolean }) {
  return (
    <dl className={`panel flex ${old ? 'old' : ''} flex-wrap gap-px overflow-hidden bg-line!`}>
      {figures.map(({ label, value, unit }) => (
        <div key={label} className="flex grow basis-32 flex-col bg-surface px-4 py-3">
          <dt className="text-label text-muted">{label}</dt>
          <dd className="order-first text-figure font-semibold">{value}</dd>
          <dd className="text-label text-muted">{unit}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A table that may be wider than its panel: it scrolls, also with the keyboard. */
export function Scroll({
  label,
  tall = false,
  children,
}: {
  label: string;
  tall?: boolean;
  children: React.ReactNode;
}) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users scroll it with the arrow keys
      tabIndex={0}
      className={tall ? 'max-h-64 overflow-auto' : 'overflow-x-auto'}
    >
      {children}
    </section>
  );
}

/** Props of every screen. */
export interface ScreenProps {
  config: PageConfig;
  cluster: ClusterState;
  theme: 'light' | 'dark';
}
