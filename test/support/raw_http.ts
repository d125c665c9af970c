import { connect, type Socket } from 'node:net';

/** A connection without any library in between: what is sent and what comes, to the byte. */
export interface RawConnection {
  socket: Socket;
  /** All bytes so far, as UTF-8. */
  received(): string;
  bytes(): number;
  ended: Promise<void>;
}

export function rawConnection(port: number, send: string, read = true): RawConnection {
  const parts: Buffer[] = [];
  let size = 0;
  const socket = connect(port, '127.0.0.1');
  socket.write(send);
  if (read) {
    socket.on('data', (data) => {
      parts.push(data as Buffer);
      size += data.length;
    });
  }
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => {});
  });
  return { socket, received: () => Buffer.concat(parts).toString('utf8'), bytes: () => size, ended };
}

/** A complete `POST /api/v1/stream`, or of another path. */
export function streamPost(body: unknown, headers: Record<string, string> = {}, path = '/api/v1/stream'): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = { Host: 'x', 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${text}`;
}
