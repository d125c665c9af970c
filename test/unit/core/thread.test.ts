import { expect, it } from 'vitest';
import type { GroupLog } from '../../../src/core/durable/group_log.ts';
import { Thread } from '../../../src/core/durable/thread.ts';
import type { ThreadRecord } from '../../../src/core/durable/thread_record.ts';
import type { Encoder } from '../../../src/core/stream/encoder.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';

it('a thread stops its provider while its log is behind, and lets it go on once when there is room', () => {
  const log = { horizon: 1, add() {}, note() {} } as unknown as GroupLog;
  const record = { id: 't', number: '1', epoch: 1 } as ThreadRecord;
  const thread = new Thread({
    record,
    request: undefined,
    encoder: {} as Encoder,
    log,
    wheel: new TimerWheel(50),
    ageMs: 0,
    graceMs: 1_000,
  });
  let room = 0;
  thread.onRoom = () => {
    room += 1;
  };
  const quarter = 'x'.repeat(64 * 1024);
  expect([thread.write('first'), thread.write(quarter), thread.write(quarter)]).toEqual([true, true, true]);
  thread.commitTo(1, true);
  expect(room).toBe(0);
  expect([thread.write(quarter), thread.write(quarter)]).toEqual([true, false]);
  thread.commitTo(2, true);
  expect(room).toBe(1);
  thread.commitTo(5, true);
  expect(room).toBe(1);
  thread.leave();
});
