import { useLayoutEffect, useState, useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'weir-theme';
const DARK = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const value = window.localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    // Storage can be switched off; the choice then lasts as long as the page.
    return 'system';
  }
}

function subscribe(listener: () => void): () => void {
  DARK.addEventListener('change', listener);
  return () => DARK.removeEventListener('change', listener);
}

/** The user's choice, kept, and what it comes to now. */
export function useTheme(): { theme: Theme; shown: 'light' | 'dark'; setTheme: (theme: Theme) => void } {
  const [theme, setTheme] = useState(stored);
  const systemIsDark = useSyncExternalStore(subscribe, () => DARK.matches);
  // Before the other effects: those of charts read colours that follow from the attribute.
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
