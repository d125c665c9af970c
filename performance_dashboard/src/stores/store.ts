import { useRef, useSyncExternalStore } from 'react';

/** A value outside of React that components follow. Set it at most five times a second. */
export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  readonly get = (): T => this.#value;

  set(value: T): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Whether the user paused the updates; measurements continue. */
export const pausedStore = new Store(false);

/** A store's value, unchanged while updates are paused. */
export function useLive<T>(store: Store<T>): T {
  const paused = useStore(pausedStore);
  const value = useStore(store);
  const held = useRef(value);
  if (!paused) held.current = value;
  return held.current;
}
