import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** The address `#/screen/part?query` in pieces: its screen, one of `routes` (else their first), and the part. */
export function useHashRoute<T extends string>(routes: readonly [T, ...T[]]): { route: T; part: string } {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  const [path = ''] = hash.replace(/^#\/?/, '').split('?', 1);
  const [screen = '', part = ''] = path.split('/', 2);
  return { route: routes.find((route) => route === screen) ?? routes[0], part };
}
