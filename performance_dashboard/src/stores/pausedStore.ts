import { useRef } from 'react';
import { Store, useStore } from './store.ts';

/** Whether the reader stopped the updates; what is measured goes on. */
export const pausedStore = new Store(false);

/** A store's value, which stands still while updates are paused. */
export function useLive<T>(store: Store<T>): T {
  const paused = useStore(pausedStore);
  const value = useStore(store);
  const held = useRef(value);
  if (!paused) held.current = value;
  return held.current;
}
