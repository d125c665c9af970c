import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { handleOf, mayWriteDirectly, type SocketHandle, writeDirectly } from './direct_write.ts';

const PIECE = 'x'.repeat(256 * 1024);
const PIECE_BYTES = Buffer.from(PIECE);
/** A connection whose other end reads nothing takes less than so many. */
const MAX_PIECES = 256;

/**
 * Writes directly to a real socket, between writes of its stream: text of one-byte characters, other text, and more
 * than the kernel takes at once. All of it has to arrive, in order.
 * @throws Error where it does not
 */
export async function tryDirectWrites(): Promise<void> {
  const server = createServer({ pauseOnConnect: true });
  // A Unix socket, as NGINX's are, is full after 200 KB, where a connection by TCP takes 4 MB. This kind has no file.
  server.listen(process.platform === 'linux' ? { path: `\0weir-${randomUUID()}` } : { host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  const writer = typeof address === 'string' ? connect(address) : connect(address.port, '127.0.0.1');
  try {
    const [[reader]] = (await Promise.all([once(server, 'connection'), once(writer, 'connect')])) as [
      [Socket],
      unknown,
    ];
    try {
      await tryPair(writer, reader);
    } finally {
      reader.destroy();
    }
  } finally {
    writer.destroy();
    server.close();
  }
}

async function tryPair(writer: Socket, reader: Socket): Promise<void> {
  const handle = handleOf(writer);
  check(handle !== undefined && mayWriteDirectly(writer), 'a connected socket has no handle');
  const expected = [Buffer.from('first '), Buffer.from('é ', 'latin1'), Buffer.from('€ ')];
  writer.write('first ');
  check(writer.writableLength === 0, 'a short write waits');
  check(writeDirectly(handle, 'é ', true) === 0, 'a short write waits');
  check(writeDirectly(handle, '€ ', false) === 0, 'a short write waits');
  check(handle.writeQueueSize === 0 && handle.bytesWritten === 12, 'bytes are counted wrongly');
  const taken = fill(handle, expected);
  writer.end('last');
  expected.push(Buffer.from('last'));

  const got: Buffer[] = [];
  reader.on('data', (bytes) => got.push(bytes as Buffer)).resume();
  await Promise.all([once(reader, 'end'), taken]);
  check(handle.writeQueueSize === 0, 'bytes wait that have left');
  check(Buffer.concat(got).equals(Buffer.concat(expected)), 'not all that was written arrived');
}

/** Writes until the kernel takes no more. @returns settles when what waits was taken */
function fill(handle: SocketHandle, expected: Buffer[]): Promise<void> {
  for (let pieces = 0; pieces < MAX_PIECES; pieces++) {
    const write = writeDirectly(handle, PIECE, true);
    expected.push(PIECE_BYTES);
    if (write === 0) {
      // Node ends the process when a write that waits is used for another.
      check(handle.writeQueueSize === 0, 'a write waits and does not say so');
      continue;
    }
    check(typeof write === 'object', 'a write fails');
    check(handle.writeQueueSize > 0, 'bytes wait that are not counted');
    return new Promise((resolve, reject) => {
      write.oncomplete = (status) => (status === 0 ? resolve() : reject(new Error('a write fails')));
    });
  }
  throw new Error('a full connection does not say so');
}

function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}
