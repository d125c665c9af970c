import { once } from 'node:events';
import type { Agent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { TransportRequest, TransportResponse } from 'weir-client';
import { type ConnectOptions, placeOf } from './connect.ts';

// An import would read all of its exports, one of which loads Node's own fetch: 0.1 s of CPU at each start.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http');

/** A connection idle for less than this was not closed for idleness, so its failure is a real one. */
const IDLE_MS = 1000;

/** Requests over HTTP/1.1, one connection each, reused. */
export class Http1Requests {
  readonly #agent: Agent | HttpsAgent;
  readonly #options: object;
  readonly #isTls: boolean;
  /** Time of the last response of each connection. */
  readonly #freedAt = new WeakMap<Socket, number>();

  constructor(origin: URL, options: ConnectOptions) {
    const { socketPath, localAddress } = options;
    const pool = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 10_000 };
    this.#isTls = origin.protocol === 'https:' && socketPath === undefined;
    const name = origin.hostname.replace(/^\[|\]$/g, '');
    this.#agent = this.#isTls
      ? new HttpsAgent({
          ...pool,
          rejectUnauthorized: options.insecure !== true,
          ...(isIP(name) ? {} : { servername: name }),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        })
      : new HttpAgent(pool);
    this.#options = {
      agent: this.#agent,
      ...(socketPath === undefined ? placeOf(origin, options) : { socketPath }),
      ...(localAddress === undefined ? {} : { localAddress, family: 4 }),
    };
  }

  async send(url: URL, request: TransportRequest): Promise<TransportResponse> {
    const send = this.#isTls ? httpsRequest : httpRequest;
    const sent = send({ path: url.pathname + url.search, ...requestOptions(url, request), ...this.#options });
    let idleMs = 0;
    sent.once('socket', (socket) => {
      idleMs = performance.now() - (this.#freedAt.get(socket) ?? performance.now());
    });
    sent.end(request.body);
    try {
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const { socket } = response;
      response.once('close', () => this.#freedAt.set(socket, performance.now()));
      // An abort after the head is emitted here too; the body reports it.
      sent.on('error', () => {});
      return {
        status: response.statusCode ?? 0,
        headers: (name) => response.headers[name.toLowerCase()]?.toString() ?? null,
        body: response,
      };
    } catch (error) {
      // The server may close an idle connection just when it is reused; then it processed nothing.
      const wasClosed = idleMs > IDLE_MS && error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
      if (wasClosed && request.signal?.aborted !== true) return this.send(url, request);
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function requestOptions({ host }: URL, { method, headers, body, signal }: TransportRequest) {
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body).toString() };
  return { method, headers: { host, ...headers, ...length }, ...(signal ? { signal } : {}) };
}
