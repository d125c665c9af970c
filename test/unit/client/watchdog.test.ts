import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Watchdog } from '../../../packages/client/src/watchdog.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('aborts after silence, counted from the last touch, with one timer', () => {
  const watchdog = new Watchdog(25_000, undefined);
  for (let second = 0; second < 100; second += 10) {
    vi.advanceTimersByTime(10_000);
    watchdog.touch();
    expect(vi.getTimerCount()).toBe(1);
  }
  vi.advanceTimersByTime(24_000);
  expect(watchdog.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(watchdog.signal.aborted).toBe(true);
  expect(watchdog.silence).toBe('no data for 25 s');
  expect(vi.getTimerCount()).toBe(0);
});

it('does not count the time in which the client itself reads nothing', () => {
  const watchdog = new Watchdog(25_000, undefined);
  watchdog.hold();
  vi.advanceTimersByTime(3_600_000);
  expect(watchdog.signal.aborted).toBe(false);
  watchdog.touch();
  vi.advanceTimersByTime(24_000);
  expect(watchdog.signal.aborted).toBe(false);
  vi.advanceTimersByTime(26_000);
  expect(watchdog.signal.aborted).toBe(true);
});

it('passes an abort on, without a timer where silence may last for ever, until it is stopped', () => {
  const outer = new AbortController();
  const [first, stopped] = [new Watchdog(undefined, outer.signal), new Watchdog(25_000, outer.signal)];
  stopped.stop();
  expect(vi.getTimerCount()).toBe(0);
  const reason = new Error('stop');
  outer.abort(reason);
  expect(first.signal.reason).toBe(reason);
  expect(first.silence).toBeUndefined();
  expect(stopped.signal.aborted).toBe(false);
  expect(new Watchdog(undefined, outer.signal).signal.reason).toBe(reason);
});
