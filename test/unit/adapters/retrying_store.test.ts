import { describe, expect, it } from 'vitest';
import { retryingStore } from '../../../src/adapters/stores/stream_log/retrying_store.ts';
import type { LogStore } from '../../../src/core/durable/log_store.ts';
import { StoreUnavailable } from '../../../src/core/durable/log_store.ts';
import { silentLog } from '../../support/silent_log.ts';

/** A store whose steps fail with what the list holds, one after another, and then are answered. */
function failing(...failures: Error[]) {
  const asked = { count: 0 };
  const time = async () => {
    asked.count += 1;
    const failure = failures.shift();
    if (failure) throw failure;
    return 7;
  };
  return { store: retryingStore({ time } as LogStore, silentLog), asked };
}
const timedOut = () => new Error('Command timed out');

describe('the stream log behind a Redis that is slow or away', () => {
  it('is asked again where no answer came', async () => {
    const { store, asked } = failing(timedOut(), new Error('Connection is closed.'), timedOut());
    expect(await store.time()).toBe(7);
    expect(asked.count).toBe(4);
  });

  it('is given up after ten tries, as an outage', async () => {
    const { store, asked } = failing(...Array.from({ length: 20 }, timedOut));
    await expect(store.time()).rejects.toThrow(StoreUnavailable);
    expect(asked.count).toBe(10);
  });

  it('is not asked again where the mistake is ours', async () => {
    const { store, asked } = failing(new TypeError('no such field'));
    await expect(store.time()).rejects.toThrow(TypeError);
    expect(asked.count).toBe(1);
  });
});
