import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogSubscriber, type ResumableSource } from '../../../src/core/durable/log_subscriber.ts';
import { TextFrames } from '../../../src/core/durable/weir_frames.ts';
import type { Encoder, Sink } from '../../../src/core/stream/encoder.ts';
import { TimerWheel } from '../../../src/core/time/timer_wheel.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const encoder = {
  heartbeat: ':',
  status: () => 'status',
  chunk: (_seq: number, text: string) => text,
} as unknown as Encoder;

/** A client that reads as much as `room` says; what it got, and what became of it. */
function client(room: number) {
  const got: string[] = [];
  const state = { isCut: false, drained: () => {} };
  const sink: Sink = {
    open: (frame) => void got.push(frame),
    write(frame) {
      got.push(frame);
      return got.length < room;
    },
    end: (frame) => void got.push(frame),
    destroy() {
      state.isCut = true;
    },
    onDrain(callback) {
      state.drained = callback;
    },
    takenWhileWaiting: () => (got.length < room ? undefined : 0),
  };
  return { got, state, sink };
}

function sourceOf(contents: string[]) {
  const readers = new Set<LogSubscriber>();
  const source: ResumableSource = {
    contents,
    committed: contents.length,
    over: true,
    terminal: 'end',
    frames: new TextFrames(encoder, () => ''),
    attach: (reader) => void readers.add(reader),
    detach: (reader) => void readers.delete(reader),
  };
  return { source, readers };
}

describe('a reader of a stream', () => {
  it('that is stuck is sent nothing more, and is cut when it has read nothing for 30 s', () => {
    const { source, readers } = sourceOf(['a', 'b', 'c', 'd']);
    const { got, state, sink } = client(3);
    let isDone = false;
    new LogSubscriber(source, sink, new TimerWheel(50), { after: -1, withIds: false }, () => {
      isDone = true;
    });
    expect(got).toEqual(['status', 'a', 'b']);
    vi.advanceTimersByTime(29_000);
    expect(state.isCut).toBe(false);
    vi.advanceTimersByTime(20_000);
    expect(state.isCut).toBe(true);
    expect(isDone).toBe(true);
    expect(readers.size).toBe(0);
    expect(got).not.toContain('end');
  });

  it('that makes room again has the rest, from its own place', () => {
    const { source } = sourceOf(['a', 'b', 'c', 'd']);
    const { got, state, sink } = client(2);
    new LogSubscriber(source, sink, new TimerWheel(50), { after: 1, withIds: false }, () => {});
    expect(got).toEqual([':', 'b']);
    sink.write = (frame) => got.push(frame) > 0;
    state.drained();
    expect(got).toEqual([':', 'b', 'c', 'd', 'end']);
  });
});
