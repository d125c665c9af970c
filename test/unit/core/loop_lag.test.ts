import { describe, expect, it } from 'vitest';
import { LoopLag, MAX_LAG_MS } from '../../../src/core/resilience/loop_lag.ts';

/** A loop whose looks come `late` milliseconds after they were due. */
function loop() {
  let now = 0;
  const lag = new LoopLag(() => now);
  const lookLate = (late: number, times: number) => {
    for (let at = 0; at < times; at += 1) {
      now += 250 + late;
      lag.look();
    }
  };
  return { lag, lookLate };
}

describe('an event loop that is behind', () => {
  it('lets new streams in while it is in time, and after one pause', () => {
    const { lag, lookLate } = loop();
    lookLate(5, 20);
    expect(() => lag.refuseWhenBehind()).not.toThrow();
    lookLate(20 * MAX_LAG_MS, 1);
    expect(() => lag.refuseWhenBehind()).not.toThrow();
  });

  it('refuses them while it is late again and again, and no longer when it has recovered', () => {
    const { lag, lookLate } = loop();
    lookLate(2 * MAX_LAG_MS, 4);
    expect(() => lag.refuseWhenBehind()).toThrow(
      expect.objectContaining({
        code: 'service_unavailable',
        details: expect.objectContaining({ reason: 'overloaded' }),
      }),
    );
    lookLate(0, 2);
    expect(() => lag.refuseWhenBehind()).not.toThrow();
  });
});
