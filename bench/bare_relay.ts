import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { Agent, type Dispatcher } from 'undici';

/**
 * The leanest relay that Node allows, to show what an instance's features cost: undici's dispatch, an id before each
 * event, one framed write to the socket. No admission, no checks, no heartbeat, no back-pressure, no log.
 */
const { values } = parseArgs({ options: { port: { type: 'string' }, upstream: { type: 'string' } } });
const agent = new Agent({ allowH2: false, connections: null, pipelining: 1 });
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

class Relay implements Dispatcher.DispatchHandler {
  readonly #socket: Socket;
  #seq = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  onRequestStart(): void {}

  onResponseStart(): void {
    this.#socket.write(HEAD);
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    const text = `id: 1.${++this.#seq}\n${bytes.toString('latin1')}`;
    this.#socket.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1');
  }

  onResponseEnd(): void {
    this.#socket.end('0\r\n\r\n');
  }

  onResponseError(): void {
    this.#socket.destroy();
  }
}

createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  const headers = { 'content-type': 'application/json' };
  const path = request.url ?? '/';
  agent.dispatch({ origin: values.upstream!, path, method: 'POST', headers, body }, new Relay(response.socket!));
}).listen(Number(values.port), '127.0.0.1', () => process.stdout.write('listening\n'));
