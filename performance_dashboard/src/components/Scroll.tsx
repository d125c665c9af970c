/** A table that may be wider than its panel: scrolls by itself, also from the keyboard. */
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
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no pointer scrolls it with the arrow keys
      tabIndex={0}
      className={tall ? 'max-h-64 overflow-auto' : 'overflow-x-auto'}
    >
      {children}
    </section>
  );
}
