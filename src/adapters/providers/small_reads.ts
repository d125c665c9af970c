import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** As much as libuv asks the kernel for at once. Every socket reads into it; bytes are copied out at once. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const UNREAD = Symbol('unread');
const TELLING = Symbol('telling');

interface ReadingSocket extends Socket {
  /** What undici has not taken yet. */
  [UNREAD]?: Buffer | undefined;
  /** Undici is told of bytes just now, and asks until there are none. */
  [TELLING]?: boolean;
}

/**
 * Connections for undici whose reads cost what came, by Node's own option `onread`. Without it Node makes a buffer of
 * 64 KiB for each read, cuts it down, queues it in the socket and tells of it in a later tick: for a token of 150
 * bytes that is an eighth of all the work of a relay.
 */
export function smallReads(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout, onread: { buffer, callback: onRead } } as buildConnector.BuildOptions);
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error) callback(error, null);
      else callback(null, readingSocket(socket as Socket));
    });
}

/** Undici takes its bytes by `read` when it is told that there are some, and puts back by `unshift` what it can't use yet. */
function readingSocket(socket: ReadingSocket): Socket {
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const unread = socket[UNREAD];
    // Zero asks for no bytes: so Node itself begins to read, and ends. Elsewhere it makes a stopped socket go on.
    if (size === 0 || (unread === undefined && !socket[TELLING])) return read(size);
    socket[UNREAD] = undefined;
    return unread ?? null;
  };
  socket.unshift = (rest: Buffer) => {
    if (rest.length > 0) socket[UNREAD] = rest;
  };
  return socket;
}

/** @returns whether to read on: not where undici is paused, and has left something */
function onRead(this: ReadingSocket, size: number, bytes: Uint8Array): boolean {
  const came = Buffer.from((bytes as Buffer).subarray(0, size));
  this[UNREAD] = this[UNREAD] ? Buffer.concat([this[UNREAD], came]) : came;
  this[TELLING] = true;
  this.emit('readable');
  this[TELLING] = false;
  return this[UNREAD] === undefined;
}
