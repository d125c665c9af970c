import { once } from 'node:events';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { TransportRequest, TransportResponse } from '../../client/transport.ts';
import type { TlsOptions } from './tls_connect.ts';

/** Requests over HTTP/1.1: a connection each, kept for the next one. */
export class Http1Requests {
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #request: (url: URL, request: TransportRequest) => ClientRequest;

  constructor(origin: URL, tls: TlsOptions) {
    const pool = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 10_000 };
    if (origin.protocol === 'https:') {
      const agent = new HttpsAgent({
        ...pool,
        rejectUnauthorized: tls.insecure !== true,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      });
      this.#agent = agent;
      this.#request = (url, request) => httpsRequest(url, { ...requestOptions(request), agent });
    } else {
      const agent = new HttpAgent(pool);
      this.#agent = agent;
      this.#request = (url, request) => httpRequest(url, { ...requestOptions(request), agent });
    }
  }

  async send(url: URL, request: TransportRequest): Promise<TransportResponse> {
    const sent = this.#request(url, request);
    sent.end(request.body);
    try {
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      // An abort after the head also surfaces here, where the body already reports it.
      sent.on('error', () => {});
      return {
        status: response.statusCode ?? 0,
        headers: (name) => response.headers[name.toLowerCase()]?.toString() ?? null,
        body: response,
      };
    } catch (error) {
      // The server may close an idle connection in the moment in which it is taken up again: nothing was processed.
      const wasIdle = sent.reusedSocket && error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
      if (wasIdle && request.signal?.aborted !== true) return this.send(url, request);
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function requestOptions({ method, headers, body, signal }: TransportRequest) {
  return {
    method,
    headers: body === '' ? headers : { ...headers, 'content-length': Buffer.byteLength(body).toString() },
    ...(signal ? { signal } : {}),
  };
}
