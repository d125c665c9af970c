import { useEffect, useRef } from 'react';

/** Where letters are text. */
const TYPED = 'input:not([type="checkbox"], [type="radio"]), textarea, select';

/** Keys of the whole page, by `KeyboardEvent.key`. They rest while the user types, and with Ctrl, Alt or Meta. */
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
      // An open dialog has the keys for itself: Esc closes it, and must not stop a run behind it.
      if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
      current.current.find(([key]) => key === event.key)?.[1]();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
