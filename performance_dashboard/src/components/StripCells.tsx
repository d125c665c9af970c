import { memo } from 'react';
import type { Cell } from '../view/stripCells.ts';

/** A tile for each request: colour and letter of its instance; its filling says how it went. */
export const StripCells = memo(function StripCells({
  cells,
  large = false,
}: {
  cells: readonly Cell[];
  large?: boolean;
}) {
  const size = large ? 'aspect-square text-body' : 'size-5 text-label';
  return (
    <div aria-hidden="true" className={large ? 'grid grid-cols-10 gap-1 sm:gap-1.5' : 'flex flex-wrap gap-0.5'}>
      {cells.map(({ colour, letter, kind, title }, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a request is its place in the order
          key={index}
          title={title}
          data-kind={kind}
          className={`strip-cell ${size}`}
          style={{ color: colour }}
        >
          <b>{kind === 'broken' ? '×' : letter}</b>
        </span>
      ))}
    </div>
  );
});
