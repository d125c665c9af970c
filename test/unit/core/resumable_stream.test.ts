import { expect, it } from 'vitest';
import type { GroupLog } from '../../../src/core/durable/group_log.ts';
import type { ResumableRecord } from '../../../src/core/durable/resumable_record.ts';
import { ResumableStream } from '../../../src/core/durable/resumable_stream.ts';
import { TextFrames } from '../../../src/core/durable/weir_frames.ts';
import type { Encoder } from '../../../src/core/stream/encoder.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';

it('a stream stops its provider while its log is behind, and lets it go on once when there is room', () => {
  const log = { horizon: 1, add() {}, note() {} } as unknown as GroupLog;
  const record = { id: 't', number: '1', epoch: 1 } as ResumableRecord;
  const stream = new ResumableStream({
    record,
    request: undefined,
    frames: new TextFrames({} as Encoder, () => ''),
    limit: { units: 512 * 1024, ends: 'stream' },
    log,
    wheel: new TimerWheel(50),
    ageMs: 0,
    graceMs: 1_000,
  });
  let room = 0;
  stream.onRoom = () => {
    room += 1;
  };
  const quarter = 'x'.repeat(64 * 1024);
  expect([stream.write('first'), stream.write(quarter), stream.write(quarter)]).toEqual([true, true, true]);
  stream.commitTo(1, true);
  expect(room).toBe(0);
  expect([stream.write(quarter), stream.write(quarter)]).toEqual([true, false]);
  stream.commitTo(2, true);
  expect(room).toBe(1);
  stream.commitTo(5, true);
  expect(room).toBe(1);
  stream.leave();
});

it('a response in the background needs no reader, and lives for an hour', () => {
  const ended = (background: boolean): unknown[] => {
    const timers: { fire: () => void; ms: number }[] = [];
    const timer = (fire: () => void) => {
      const made = { fire, ms: 0 };
      timers.push(made);
      const arm = (ms: number) => {
        made.ms = ms;
      };
      return { arm, cancel() {} };
    };
    const record = { id: 't', number: '1', epoch: 2, ...(background ? { background } : {}) } as ResumableRecord;
    const stream = new ResumableStream({
      record,
      request: undefined,
      frames: new TextFrames({} as Encoder, () => ''),
      limit: { units: 512 * 1024, ends: 'stream' },
      log: { horizon: 1, add() {}, note() {} } as unknown as GroupLog,
      wheel: { timer } as unknown as TimerWheel,
      ageMs: 0,
      graceMs: 1_000,
      before: ['It was taken over.'],
    });
    const endsAt = (ms: number) => {
      for (const each of timers) if (each.ms === ms) each.fire();
      return stream.abort.signal.aborted;
    };
    return [endsAt(1_000), endsAt(15 * 60_000), endsAt(60 * 60_000)];
  };
  expect(ended(false)).toEqual([true, true, true]);
  expect(ended(true)).toEqual([false, false, true]);
});
