/** Water that goes over a weir and comes out as several streams. The same as public/weir.svg, in the theme's colour. */
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
