/** Colours of instances, repeated from the seventh on; the letter tells those apart. */
const COLOURS = 6;

export function instanceColour(index: number): string {
  return `var(--instance-${(index % COLOURS) + 1})`;
}

/** Colour and letter of an instance, the same on every screen as long as its place in the order is. */
export function InstanceMark({ id, index }: { id: string; index: number }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span
        aria-hidden="true"
        className="inline-flex size-5 items-center justify-center rounded-sm text-label font-semibold text-surface"
        style={{ background: instanceColour(index) }}
      >
        {String.fromCharCode(65 + (index % 26))}
      </span>
      {id}
    </span>
  );
}
