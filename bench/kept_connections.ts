import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

/** What is open and ready, so that an answer's time is the answer's alone. */
interface Connection {
  socket: TLSSocket;
  /** Of the answer that is being read. */
  text: string;
  answered: (text: string) => void;
}

/**
 * HTTP/1.1 over TLS connections that stay open: bytes that were made before, and a search in what comes back. A client
 * that parses takes half a core for a thousand answers a second, and stands still to collect its garbage: on a shared
 * machine that is then measured.
 */
export class KeptConnections {
  readonly #idle: Connection[] = [];

  /** @param url `https://host:port` @param ca the authority, as PEM @param count as many requests may be open at once */
  static async open(url: string, ca: string, count: number): Promise<KeptConnections> {
    const { hostname, port } = new URL(url);
    const connections = new KeptConnections();
    for (let made = 0; made < count; made++) {
      const socket = connect({ host: hostname, port: Number(port), servername: hostname, ca });
      await once(socket, 'secureConnect');
      connections.#keep(socket.setNoDelay(true).setEncoding('latin1'));
    }
    return connections;
  }

  /** Sends the bytes of one request. @returns its answer, head and body @throws Error when no connection is idle */
  ask(request: string): Promise<string> {
    const connection = this.#idle.pop();
    if (!connection) throw new Error('every connection waits for an answer: the rate is too high for this machine');
    return new Promise((resolve) => {
      connection.answered = resolve;
      connection.socket.write(request, 'latin1');
    });
  }

  close(): void {
    for (const { socket } of this.#idle) socket.destroy();
  }

  #keep(socket: TLSSocket): void {
    const connection: Connection = { socket, text: '', answered: () => {} };
    socket.on('data', (part) => {
      connection.text += part;
      const { text, answered } = connection;
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
      if (bodyAt < 4 || text.length < bodyAt + length) return;
      connection.text = '';
      this.#idle.push(connection);
      answered(text);
    });
    this.#idle.push(connection);
  }
}
