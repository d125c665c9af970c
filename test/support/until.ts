import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every 20 ms until `look` gives something true. `limitMs` bounds a hang: when it is over, this fails with what was awaited. */
export async function until<T>(what: string, look: () => T | Promise<T>, limitMs = 30_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await sleep(20);
  }
}
