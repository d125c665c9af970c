import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** The part after `#/`, one of `routes`; the first of them where it is none. */
export function useHashRoute<T extends string>(routes: readonly [T, ...T[]]): T {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return routes.find((route) => `#/${route}` === hash) ?? routes[0];
}
