import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** libuv's handle of a socket, as Node's own streams use it. */
export interface SocketHandle {
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  /** Bytes that were handed over, taken or not. */
  readonly bytesWritten: number;
  /** @returns 0, or the system's error as a negative number */
  writeLatin1String(write: WaitingWrite, text: string): number;
  writeUtf8String(write: WaitingWrite, text: string): number;
}

/** A write that the kernel did not take at once. */
export interface WaitingWrite {
  /** Called when it was taken, with 0, or with the system's error as a negative number. */
  oncomplete: (status: number) => void;
}

/** Node's binding to libuv's streams. */
interface StreamBinding {
  WriteWrap: new () => WaitingWrite;
  /** What the last write left behind, at the index below. */
  streamBaseState: ArrayLike<number>;
  kLastWriteWasAsync: number;
}

/** There once direct writes are allowed; without it sockets are written to as usual. */
let binding: StreamBinding | undefined;
/** Is used up only by a write that has to wait, or fails: nearly all writes share this one. */
let spare: WaitingWrite | undefined;

/** From now on frames may go past sockets' streams. @throws Error where this Node has no way, or refuses it */
export function allowDirectWrites(): void {
  const found = (process as unknown as { binding: (name: 'stream_wrap') => StreamBinding }).binding('stream_wrap');
  spare = new found.WriteWrap();
  if (typeof found.streamBaseState[found.kLastWriteWasAsync] !== 'number') throw new Error('no state of writes');
  binding = found;
}

export function forbidDirectWrites(): void {
  binding = undefined;
}

/**
 * @returns the handle under a socket, if frames may be written to it directly: nothing where that is not allowed, once
 * the socket is closed, and for TLS, whose records Node's stream makes
 */
export function handleOf(socket: Socket): SocketHandle | undefined {
  if (binding === undefined || (socket as TLSSocket).encrypted) return undefined;
  return (socket as unknown as { _handle?: SocketHandle | null })._handle ?? undefined;
}

/** @returns whether nothing that the socket's stream holds back itself would be overtaken */
export function mayWriteDirectly(socket: Socket): boolean {
  return binding !== undefined && socket.writableLength === 0 && socket.writableCorked === 0;
}

/**
 * Writes past the socket's stream. Node's `write` makes a request, a tick and a dozen calls of each write, for the sake
 * of a queue that libuv keeps as well. The order with what the stream writes before and after is libuv's.
 *
 * @param oneByte each character of `text` is one byte
 * @returns 0, the system's error as a negative number, or the write where it has to wait
 */
export function writeDirectly(handle: SocketHandle, text: string, oneByte: boolean): number | WaitingWrite {
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = binding as StreamBinding;
  const write = spare as WaitingWrite;
  const status = oneByte ? handle.writeLatin1String(write, text) : handle.writeUtf8String(write, text);
  if (status === 0 && streamBaseState[kLastWriteWasAsync] === 0) return status;
  // Also one that failed may have been begun with.
  spare = new WriteWrap();
  return status === 0 ? write : status;
}
