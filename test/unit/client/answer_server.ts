import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one connection is cut: after so many bytes of its body, by a reset or as if it had ended. */
export interface Cut {
  after: number;
  as: 'reset' | 'end';
}

/** Answers instead of the next bytes of the answer. */
export type Instead = (response: ServerResponse, request: IncomingMessage) => void;

export interface ServedAnswer {
  /** The events of the plain answer, each with its end. */
  events: string[];
  /** Of each connection in turn; later ones are not cut. */
  cuts?: Cut[];
  /** What a connection does instead of delivering; by its place. */
  instead?: Record<number, Instead>;
  /** Written before the event at this place, and never numbered. */
  comments?: Record<number, string>;
}

/** The event with its number, as the server writes it for clients that ask: last, or first where no blank line ends it. */
export function numbered(event: string, id: string): string {
  if (event.endsWith('\n\n')) return `${event.slice(0, -1)}id: ${id}\n\n`;
  if (event.endsWith('\r\n\r\n')) return `${event.slice(0, -2)}id: ${id}\r\n\r\n`;
  return `id: ${id}\n${event}`;
}

/** Serves one resumable answer on a real socket, over connections that break. */
export class AnswerServer {
  readonly seen: { call: string; headers: IncomingMessage['headers'] }[] = [];
  readonly #answer: ServedAnswer;
  readonly #server: Server;
  #connections = 0;

  constructor(answer: ServedAnswer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get calls(): string[] {
    return this.seen.map(({ call }) => call);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    await once(request, 'end');
    this.seen.push({ call: `${request.method} ${request.url}`, headers: request.headers });
    if (request.method === 'DELETE') {
      response.writeHead(202).end();
      return;
    }
    const place = this.#connections;
    this.#connections += 1;
    const { events, cuts = [], instead = {}, comments = {} } = this.#answer;
    const other = instead[place];
    if (other) {
      other(response, request);
      return;
    }
    const cursor = Number(request.headers['last-event-id']?.toString().split('.')[1] ?? 0);
    if (cursor === events.length) {
      response.writeHead(204).end();
      return;
    }
    // Each owner of the stream has an epoch of its own.
    const left = events.slice(cursor).map((event, at) => {
      const seq = cursor + at + 1;
      return (comments[seq] ?? '') + numbered(event, `${place + 1}.${seq}`);
    });
    const resumed = request.method === 'GET' ? ': hb\n\n' : '';
    const bytes = Buffer.from(resumed + left.join(''));
    response.writeHead(200, HEAD);
    const cut = cuts[place];
    if (cut === undefined || cut.after >= bytes.length) {
      response.end(bytes);
      return;
    }
    response.flushHeaders();
    response.write(bytes.subarray(0, cut.after), () => {
      if (cut.as === 'end') response.end();
      else response.socket?.destroy();
    });
  }
}

/** The head of a resumable answer. */
export const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-thread-id': 't-1',
  'x-resume-token': 'secret',
};
