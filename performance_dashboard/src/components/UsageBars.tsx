import type { PageUsage } from '../api.ts';
import { formatCount } from '../view/format.ts';
import { usageBars } from '../view/usageRows.ts';
import { Panel } from './Panel.tsx';

const SERIES = [
  { label: 'Output', colour: 'bg-accent' },
  { label: 'Input', colour: 'bg-line-strong' },
] as const;

/** Tokens of each day; the numbers are in the table by day. */
export function UsageBars({ usage }: { usage: PageUsage }) {
  const bars = usageBars(usage);
  const legend = (
    <ul className="flex gap-x-4 text-label text-muted">
      {SERIES.map(({ label, colour }) => (
        <li key={label} className="flex items-center gap-1.5">
          <span aria-hidden="true" className={`size-2.5 rounded-xs ${colour}`} />
          {label}
        </li>
      ))}
    </ul>
  );
  return (
    <Panel title="Tokens" unit="per day" aside={legend}>
      <ul className="flex h-32 items-stretch gap-px border-b border-line-strong sm:gap-1" aria-label="Tokens per day">
        {bars.map(({ day, input, output, inputShare, outputShare }) => {
          const words = `${day}: ${formatCount(input)} input, ${formatCount(output)} output`;
          return (
            <li
              key={day}
              title={words}
              className="flex min-w-0 flex-1 flex-col items-center justify-end hover:bg-sunken"
            >
              <span className="sr-only">{words}</span>
              <span
                aria-hidden="true"
                className="w-full max-w-12 bg-accent"
                style={{ height: `${outputShare * 100}%` }}
              />
              <span
                aria-hidden="true"
                className="w-full max-w-12 bg-line-strong"
                style={{ height: `${inputShare * 100}%` }}
              />
            </li>
          );
        })}
      </ul>
      <p aria-hidden="true" className="mt-1 flex justify-between text-label text-muted">
        <span>{usage.from}</span>
        <span>{usage.to}</span>
      </p>
    </Panel>
  );
}
