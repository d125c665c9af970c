import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Sink } from '../../core/stream/encoder.ts';
import { DROPPED_CHARS } from '../../core/upstream/client_request.ts';
import { handleOf, mayWriteDirectly, type SocketHandle, writeDirectly } from './direct_write.ts';

/**
 * A streamed HTTP response, with its chunked framing (RFC 9112, section 7.1) made here: one frame is one string and
 * one write, where `response.write` makes three, and goes past the socket's stream. The response object still owns head,
 * end and connection reuse.
 */
export class HttpSink implements Sink {
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #headers: OutgoingHttpHeaders;
  readonly #chunked: boolean;
  /** Frames are bytes, one character each (Latin-1), and not text. */
  #bytes = false;
  #onDrain: (() => void) | undefined;
  /** Set once frames go past the socket's stream. */
  #handle: SocketHandle | undefined;
  /** Frames that the kernel has not taken at once. */
  #waiting = 0;
  /** Kept here, as `socket.destroyed` asks both halves of the socket, for each frame. */
  #closed = false;

  constructor(request: IncomingMessage, response: ServerResponse, headers: OutgoingHttpHeaders) {
    this.#response = response;
    this.#socket = request.socket;
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    this.#chunked = request.httpVersion !== '1.0';
    this.#headers = this.#chunked
      ? { ...headers, 'Transfer-Encoding': 'chunked' }
      : { ...headers, Connection: 'close' };
  }

  passBytes(): void {
    this.#bytes = true;
  }

  open(firstFrame: string): void {
    const response = this.#response;
    const socket = this.#socket;
    socket.setNoDelay(true);
    response.writeHead(200, this.#headers);
    // From here the framing is ours; the response object must not add its own.
    response.chunkedEncoding = false;
    // The response puts its head before the first frame, and both leave in one write.
    if (firstFrame === '') response.flushHeaders();
    else {
      socket.cork();
      response.write(this.#framed(firstFrame, this.#sizeOf(firstFrame)), this.#bytes ? 'latin1' : 'utf8');
      socket.uncork();
    }
  }

  write(frame: string): boolean {
    if (this.#closed) return true;
    const size = this.#sizeOf(frame);
    // Text that is all ASCII is the same bytes in Latin-1, which is written without encoding it.
    const oneByte = size === frame.length;
    const text = this.#framed(frame, size);
    if (!this.#handle && mayWriteDirectly(this.#socket)) this.#handle = handleOf(this.#socket);
    if (!this.#handle) return this.#socket.write(text, oneByte ? 'latin1' : 'utf8');
    const outcome = writeDirectly(this.#handle, text, oneByte);
    if (outcome === 0) return true;
    if (typeof outcome === 'number') {
      this.#socket.destroy();
      return true;
    }
    this.#waiting += 1;
    outcome.oncomplete = (status) => this.#taken(status);
    return false;
  }

  end(lastFrame: string): void {
    if (this.#socket.destroyed) return;
    this.#detach();
    const last = this.#framed(lastFrame, this.#sizeOf(lastFrame));
    this.#socket.write(this.#chunked ? `${last}0\r\n\r\n` : last, this.#bytes ? 'latin1' : 'utf8');
    this.#response.end();
  }

  destroy(): void {
    this.#detach();
    this.#socket.destroy();
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
    this.#socket.on('drain', callback);
    this.#response.once('close', () => {
      this.#closed = true;
      this.#detach();
    });
  }

  takenWhileWaiting(): number | undefined {
    const held = this.#socket.writableLength;
    const handle = handleOf(this.#socket);
    // The stream itself knows of whole writes only, and counts also those that it has not handed over.
    if (!handle) return held === 0 ? undefined : this.#socket.bytesWritten - held;
    if (handle.writeQueueSize + held === 0) return undefined;
    return handle.bytesWritten - handle.writeQueueSize;
  }

  /** A frame that had to wait has left, or never will. */
  #taken(status: number): void {
    this.#waiting -= 1;
    if (status < 0) this.#socket.destroy();
    else if (this.#waiting === 0) this.#onDrain?.();
  }

  /** In bytes. */
  #sizeOf(frame: string): number {
    return this.#bytes ? frame.length : Buffer.byteLength(frame);
  }

  /** A chunk of no length would be the end, so nothing stays nothing. */
  #framed(frame: string, size: number): string {
    return this.#chunked && size > 0 ? `${size.toString(16)}\r\n${frame}\r\n` : frame;
  }

  /** The connection may serve another request after this one. */
  #detach(): void {
    if (this.#onDrain) this.#socket.off('drain', this.#onDrain);
    this.#onDrain = undefined;
  }
}

/** The head of every stream: nothing on the way may hold it back, change it, or keep it. */
export function streamHeaders(threadId: string, more: OutgoingHttpHeaders): OutgoingHttpHeaders {
  // Some routes have set it already, for their refusals; in another spelling it would be sent twice.
  const { 'x-thread-id': _, ...others } = more;
  return {
    ...others,
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Thread-ID': threadId,
  };
}

/** Names the fields that were left out for the provider. */
export const DROPPED = 'X-Weir-Dropped';

/** @param names of the client's body, which may hold anything */
export function droppedHeader(names: readonly string[]): Record<string, string> {
  if (names.length === 0) return {};
  const safe = names.map((name) => name.replace(/[^\x21-\x2b\x2d-\x7e]/g, '?')).join(', ');
  return { [DROPPED]: safe.length > DROPPED_CHARS ? `${safe.slice(0, DROPPED_CHARS)}...` : safe };
}
