import { describe, expect, it } from 'vitest';
import { leaveWith } from '../../../src/gateway/leave.ts';
import { silentLog } from '../../support/silent_log.ts';

function scene() {
  const exits: number[] = [];
  const drained = Promise.withResolvers<void>();
  let drains = 0;
  const drain = () => {
    drains += 1;
    return drained.promise;
  };
  const leaving = leaveWith({ drain, exit: (code) => void exits.push(code), log: silentLog });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { ...leaving, exits, drained, drains: () => drains, settle };
}

describe('a process that leaves', () => {
  it('drains once, then exits: with 0 where it was asked to', async () => {
    const { ask, exits, drained, drains, settle } = scene();
    ask();
    expect(exits).toEqual([]);
    drained.resolve();
    await settle();
    expect([exits, drains()]).toEqual([[0], 1]);
  });

  it('goes on with its drain when something unexpected happens, and happens again', async () => {
    const { ask, unexpected, exits, drained, drains, settle } = scene();
    unexpected(new Error('first'));
    unexpected(new Error('second'));
    // The supervisor may ask it to, meanwhile.
    ask();
    await settle();
    expect(exits).toEqual([]);
    drained.resolve();
    await settle();
    expect([exits, drains()]).toEqual([[1], 1]);
  });

  it('exits at once when it is asked twice', () => {
    const { ask, exits } = scene();
    ask();
    ask();
    expect(exits).toEqual([1]);
  });

  it('exits also where the drain fails', async () => {
    const { ask, exits, drained, settle } = scene();
    ask();
    drained.reject(new Error('no'));
    await settle();
    expect(exits).toEqual([1]);
  });
});
