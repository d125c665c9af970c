import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DurableCore } from '../../../src/core/durable/durable_core.ts';
import { keepRun } from '../../../src/core/durable/keep_run.ts';
import type { ResumableStream } from '../../../src/core/durable/resumable_stream.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store that fails so often before it keeps the name. */
function failing(times: number) {
  const setProviderRun = vi.fn(async () => {
    if (setProviderRun.mock.calls.length <= times) throw new Error('away');
    return true;
  });
  const stream = { record: { id: 't', owner: 'a' }, over: false, gone: false };
  const core = { store: { setProviderRun } } as unknown as DurableCore;
  return { setProviderRun, stream: stream as unknown as ResumableStream, core };
}

describe('the name of a provider’s run', () => {
  it('is kept before anything else happens', async () => {
    const { core, stream, setProviderRun } = failing(0);
    await keepRun(core, stream, 'resp_1');
    expect(setProviderRun).toHaveBeenCalledExactlyOnceWith(stream.record, 'resp_1');
    expect(stream.record.providerRun).toBe('resp_1');
  });

  it('does not hold the stream up while the store is away, and is kept when it is back, in the record of that time', async () => {
    const { core, stream, setProviderRun } = failing(2);
    await keepRun(core, stream, 'resp_1');
    stream.record = { ...stream.record, owner: 'b' };
    await vi.advanceTimersByTimeAsync(5_000);
    expect(setProviderRun).toHaveBeenCalledTimes(3);
    expect(setProviderRun).toHaveBeenLastCalledWith(expect.objectContaining({ owner: 'b' }), 'resp_1');
  });

  it('is dropped with its stream', async () => {
    const { core, stream, setProviderRun } = failing(1_000);
    await keepRun(core, stream, 'resp_1');
    Object.assign(stream, { gone: true });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(setProviderRun).toHaveBeenCalledTimes(1);
  });
});
