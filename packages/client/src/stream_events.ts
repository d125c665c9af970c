import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import type { StreamRequestInput } from '../../../src/formats/weir/stream_request_input.ts';
import type { StreamResult } from './open_stream.ts';
import { openStream } from './open_stream.ts';
import type { StreamOptions } from './stream_options.ts';

/** The events ended before the end of the stream: `truncated` or `protocol_error`. */
export class StreamIncomplete extends Error {
  readonly result: StreamResult;

  constructor(result: StreamResult & { reason: string }) {
    super(`The stream is incomplete: ${result.reason}.`);
    this.name = 'StreamIncomplete';
    this.result = result;
  }
}

/**
 * The events of a stream, for `for await`. The loop ends after `complete` or `error`, and throws if neither arrives.
 *
 * At most one event waits for the loop. Meanwhile nothing more is read, so that a slow loop slows down the server.
 * Leaving the loop aborts the stream.
 *
 * @throws StreamIncomplete, and what `openStream` throws
 */
export async function* streamEvents(
  request: StreamRequestInput,
  options: Omit<StreamOptions, 'onEvent'>,
): AsyncGenerator<StreamEvent, void> {
  const leave = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leave.signal]) : leave.signal;
  // A write settles when the loop requests the event.
  const { readable, writable } = new TransformStream<StreamEvent, StreamEvent>();
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const end = (error?: unknown) => (error === undefined ? writer.close() : writer.abort(error)).catch(() => {});
  openStream(request, { ...options, signal, onEvent: (event) => writer.write(event) }).then(
    (result) => end('reason' in result ? new StreamIncomplete(result) : undefined),
    end,
  );
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    leave.abort();
    // Drops a waiting event, so that the stream sees the abort.
    await reader.cancel().catch(() => {});
  }
}
