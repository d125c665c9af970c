import { SseDecoder } from '../formats/sse/sse_decoder.ts';
import type { StreamEvent } from '../formats/weir/stream_event.ts';
import type { StreamCheck } from './stream_check.ts';

/** What goes on while a body is read. */
export interface BodyReader {
  /** The caller's: after its abort no event is passed on. */
  signal: AbortSignal | undefined;
  /** Bytes came, or the caller is ready for more. */
  onAlive: () => void;
  /** The caller is not ready for more. */
  onHold: () => void;
  onEvent: (event: StreamEvent) => unknown;
}

/**
 * Reads a body to its end, through the check; gives the reason where the connection broke instead.
 * @throws StreamProtocolError, SseLimitError, the signal's reason, and whatever `onEvent` throws
 */
export async function readEvents(
  body: AsyncIterable<Uint8Array>,
  check: StreamCheck,
  { signal, onAlive, onHold, onEvent }: BodyReader,
): Promise<string | undefined> {
  const decoder = new SseDecoder();
  const bytes = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const read = await readOrBroken(bytes);
      if (typeof read === 'string') return read;
      if (read.done) return undefined;
      onAlive();
      decoder.push(read.value);
      for (let event = decoder.next(); event; event = decoder.next()) {
        const known = check.take(event);
        const taken = known && onEvent(known);
        // Awaiting what is no promise would cost a turn of the event loop for each chunk.
        if (taken instanceof Promise) {
          onHold();
          await taken;
          onAlive();
        }
        signal?.throwIfAborted();
      }
    }
  } finally {
    await bytes.return?.();
  }
}

/** Only a failure of the connection itself is a truncation; an error that a caller's handler throws is its own. */
async function readOrBroken(bytes: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | string> {
  try {
    return await bytes.next();
  } catch (error) {
    return `the connection broke: ${error instanceof Error ? error.message : String(error)}`;
  }
}
