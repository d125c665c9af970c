export interface Screen {
  route: string;
  title: string;
}

/** Navigation between screens; each has its own address, so that it can be linked and reloaded. */
export function Tabs({ screens, current }: { screens: readonly Screen[]; current: string }) {
  return (
    <nav aria-label="Screens" className="-mx-1 flex max-w-full flex-wrap gap-x-1">
      {screens.map(({ route, title }) => (
        <a
          key={route}
          href={`#/${route}`}
          aria-current={route === current ? 'page' : undefined}
          className="border-b-2 border-transparent px-2 py-1 text-muted hover:text-ink aria-[current]:border-accent aria-[current]:font-medium aria-[current]:text-ink"
        >
          {title}
        </a>
      ))}
    </nav>
  );
}
