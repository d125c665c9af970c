import type { Socket } from 'node:net';

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

/** A later Node may have none; then sockets are written to as usual. */
const binding = (process as unknown as { binding?: (name: 'stream_wrap') => StreamBinding }).binding?.('stream_wrap');
/** Is used up only by a write that has to wait, or fails: nearly all writes share this one. */
let spare = binding && new binding.WriteWrap();

/** @returns the handle under a socket; nothing once it is closed */
export function handleOf(socket: Socket): SocketHandle | undefined {
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
