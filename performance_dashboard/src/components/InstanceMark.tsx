import { instanceMark } from '../view/instanceMark.ts';

/** Colour, letter and name of an instance, the same on every screen. */
export function InstanceMark({ id }: { id: string }) {
  const { letter, colour } = instanceMark(id);
  return (
    <span className="inline-flex items-center gap-2">
      <span
        aria-hidden="true"
        className="inline-flex size-5 items-center justify-center rounded-sm text-label font-semibold text-surface"
        style={{ background: colour }}
      >
        {letter}
      </span>
      {id}
    </span>
  );
}
