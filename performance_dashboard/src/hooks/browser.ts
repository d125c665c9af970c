import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';

function onHashChange(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** Splits the address `#/screen/part?query`. An unknown screen becomes the first of `routes`. */
export function useHashRoute<T extends string>(routes: readonly [T, ...T[]]): { route: T; part: string } {
  const hash = useSyncExternalStore(onHashChange, () => window.location.hash);
  const [path = ''] = hash.replace(/^#\/?/, '').split('?', 1);
  const [screen = '', part = ''] = path.split('/', 2);
  return { route: routes.find((route) => route === screen) ?? routes[0], part };
}

/** Elements in which letters are text. */
const TYPED = 'input:not([type="checkbox"], [type="radio"]), textarea, select';

/** Keys of the whole page, by `KeyboardEvent.key`. Ignored while the user types, and with Ctrl, Alt or Meta. */
export function useShortcuts(keys: readonly (readonly [key: string, act: () => void])[]): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : null;
      if (event.key !== 'Escape' && target?.closest(TYPED)) return;
      // Esc closes an open dialog and must not stop the run behind it.
      if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
      current.current.find(([key]) => key === event.key)?.[1]();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** The page's clock in milliseconds, updated once a second while `ticking`. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!ticking) return;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'weir-theme';
const DARK = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const value = window.localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
    return 'system';
  }
}

function onSchemeChange(listener: () => void): () => void {
  DARK.addEventListener('change', listener);
  return () => DARK.removeEventListener('change', listener);
}

/** The theme that the user chose (saved), and the one that is shown. */
export function useTheme(): { theme: Theme; shown: 'light' | 'dark'; setTheme: (theme: Theme) => void } {
  const [theme, setTheme] = useState(stored);
  const systemIsDark = useSyncExternalStore(onSchemeChange, () => DARK.matches);
  // A layout effect runs before the effects of the charts, which read colours that depend on the attribute.
  useLayoutEffect(() => {
    if (theme === 'system') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', theme);
    try {
      window.localStorage.setItem(KEY, theme);
    } catch {
      // See above.
    }
  }, [theme]);
  return { theme, shown: theme === 'system' ? (systemIsDark ? 'dark' : 'light') : theme, setTheme };
}
