import { expect, it } from 'vitest';
import type { EntryStore } from '../../src/core/cache/answer_cache.ts';
import { cacheKey } from '../../src/core/cache/request_key.ts';
import { until } from './until.ts';

/** What every store of answers must do. @param make one with a bound for everything, in bytes */
export function entryStoreContract(make: (maxBytes: number) => EntryStore, parts: number): void {
  const MIB = 1024 * 1024;
  let made = 0;
  /** In one part of the store, as the bound is shared out between them. */
  const key = () => {
    for (;;) {
      made += 1;
      const name = cacheKey([process.pid, made]);
      if (parts === 1 || name.startsWith('a')) return name;
    }
  };

  it('gives back what was kept, and nothing else', async () => {
    const store = make(64 * MIB);
    const [one, other] = [key(), key()];
    await store.set(one, 'ein Wehr – 堰', 60);
    expect(await store.get(one)).toBe('ein Wehr – 堰');
    expect(await store.get(other)).toBeUndefined();
    await store.set(one, 'another', 60);
    expect(await store.get(one)).toBe('another');
  });

  it('forgets it when its time is over', async () => {
    const store = make(64 * MIB);
    const [short, long] = [key(), key()];
    await store.set(long, 'stays', 60);
    await store.set(short, 'goes', 1);
    expect(await store.get(short)).toBe('goes');
    await until('it is over', async () => (await store.get(short)) === undefined);
    expect(await store.get(long)).toBe('stays');
  });

  it('holds no more than its bound: what would be over soonest goes first', async () => {
    const store = make(parts * 1000);
    const [soon, late, later] = [key(), key(), key()];
    const entry = (letter: string) => letter.repeat(400);
    await store.set(late, entry('b'), 200);
    await store.set(soon, entry('a'), 100);
    await store.set(later, entry('c'), 300);
    expect(await store.get(soon)).toBeUndefined();
    expect(await store.get(late)).toBe(entry('b'));
    expect(await store.get(later)).toBe(entry('c'));
    // In its own place it needs no more room.
    await store.set(late, entry('d'), 200);
    expect(await store.get(later)).toBe(entry('c'));
    await store.set(soon, 'x'.repeat(1001), 100);
    expect(await store.get(soon)).toBeUndefined();
    expect(await store.get(late)).toBe(entry('d'));
  });

  it('counts what is over as room', async () => {
    const store = make(parts * 1000);
    const [short, long] = [key(), key()];
    await store.set(long, 'b'.repeat(400), 300);
    await store.set(short, 'a'.repeat(400), 1);
    await until('it is over', async () => (await store.get(short)) === undefined);
    await store.set(short, 'c'.repeat(600), 500);
    expect(await store.get(long)).toBe('b'.repeat(400));
    expect(await store.get(short)).toBe('c'.repeat(600));
  });
}
