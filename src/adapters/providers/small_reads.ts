import type { Socket } from 'node:net';
import type { buildConnector as Connector, Dispatcher } from 'undici';
import { ChunkedBody } from './chunked_body.ts';
import { buildConnector } from './undici_parts.ts';

/** As much as libuv asks the kernel for at once. Every socket reads into it; bytes are copied out at once. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const UNREAD = Symbol('unread');
const BODY = Symbol('body');
/** How a read begins that holds the start of an answer. */
const HEAD_START = 'HTTP/1.1 200 ';

interface ReadingSocket extends Socket {
  /** What undici has not taken yet. */
  [UNREAD]?: Buffer | undefined;
  /** The body that is being received, where its chunks may pass undici by. */
  [BODY]?: ChunkedBody | undefined;
}

/** Whether reads are small; where not, Node and undici read as usual. */
let areAllowed = false;

export function allowSmallReads(allowed: boolean): void {
  areAllowed = allowed;
}

/** The socket whose bytes undici is notified of just now, and reads until there are none; and those bytes. */
let telling: ReadingSocket | undefined;
let announced: Buffer | undefined;

/**
 * Connections for undici whose reads cost what came, by Node's own option `onread`. Without it Node makes a buffer of
 * 64 KiB for each read, cuts it down, queues it in the socket and announces it in a later tick: for a token of 150
 * bytes that is an eighth of all the work of a relay.
 */
export function smallReads(timeout: number): Connector.connector {
  if (!areAllowed) return buildConnector({ timeout });
  const connect = buildConnector({ timeout, onread: { buffer, callback: onRead } } as Connector.BuildOptions);
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error) callback(error, null);
      else callback(null, readingSocket(socket as Socket));
    });
}

/** Undici takes its bytes by `read` when it is notified, and puts back by `unshift` what it can't use yet. */
function readingSocket(socket: ReadingSocket): Socket {
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const unread = socket[UNREAD];
    // Zero asks for no bytes: so Node itself begins to read, and ends. Elsewhere it makes a stopped socket go on.
    if (size === 0 || (unread === undefined && socket !== telling)) return read(size);
    socket[UNREAD] = undefined;
    return unread ?? null;
  };
  socket.unshift = (rest: Buffer) => {
    if (rest.length > 0) socket[UNREAD] = rest;
  };
  return socket;
}

/**
 * To be called in a handler's `onResponseStart`: chunks of the body that come whole go straight to its
 * `onResponseData`, past undici's parser. The bytes it is given hold until it returns. A head that came in pieces, or
 * behind another, leaves all to undici.
 */
export function passWholeChunks(
  controller: Dispatcher.DispatchController,
  headers: Readonly<Record<string, unknown>>,
  handler: Dispatcher.DispatchHandler,
): void {
  const bytes = announced;
  if (!telling || !bytes || headers['transfer-encoding'] !== 'chunked') return;
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0 || bytes.toString('latin1', 0, HEAD_START.length) !== HEAD_START) return;
  const body = new ChunkedBody(controller, handler);
  if (body.follow(bytes, headEnd + 4)) telling[BODY] = body;
}

/** @returns whether to read on: not where undici is paused, and has left something */
function onRead(this: ReadingSocket, size: number, bytes: Uint8Array): boolean {
  const read = (bytes as Buffer).subarray(0, size);
  const body = this[BODY];
  let passed = 0;
  if (body) {
    passed = this[UNREAD] === undefined ? body.pass(read) : 0;
    if (passed === size) return true;
    if (!body.follow(read, passed)) this[BODY] = undefined;
  }
  const came = Buffer.from(read.subarray(passed));
  this[UNREAD] = this[UNREAD] ? Buffer.concat([this[UNREAD], came]) : came;
  telling = this;
  announced = this[UNREAD];
  try {
    this.emit('readable');
  } finally {
    telling = undefined;
    announced = undefined;
  }
  return this[UNREAD] === undefined;
}
