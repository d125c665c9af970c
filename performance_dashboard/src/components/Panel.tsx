import { useId } from 'react';

interface Props {
  title: string;
  /** Unit or scope of what is below, in grey after the title. */
  unit?: string | undefined;
  aside?: React.ReactNode;
  className?: string;
  children: React.ReactNode;
}

/** A titled part of a screen; every part has this head. */
export function Panel({ title, unit, aside, className = '', children }: Props) {
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
