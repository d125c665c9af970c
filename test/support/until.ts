import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every 20 ms until `look` gives something true; fails with what was awaited when `limitMs` is over. */
export async function until<T>(what: string, look: () => T | Promise<T>, limitMs = 10_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await sleep(20);
  }
}
