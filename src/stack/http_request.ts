import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';

// An import would read all of its exports, one of which loads Node's own fetch: 0.1 s of CPU at each start.
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** One short request. Either `url` or `socket` and `path`. */
export interface ShortRequest {
  url?: string;
  /** A Unix socket to speak HTTP on. */
  socket?: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** PEM of the authority to trust; without one the certificate isn't looked at (the stack asks itself). */
  ca?: string | undefined;
  /** Source address, such as 127.0.0.5: another user to the limiter. */
  localAddress?: string;
  /** For the whole exchange, in milliseconds. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Called for each piece of the body as it arrives. */
  onData?: (piece: string) => void;
}

/** The answer to a {@link ShortRequest}. */
export interface ShortResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * Sends a request on a connection of its own and reads the whole answer.
 *
 * Rejects with the system's error (ECONNREFUSED, a TLS code …), or with code ETIMEDOUT after `timeoutMs` (2 s).
 */
export function shortRequest(options: ShortRequest): Promise<ShortResponse> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 2000);
    const settings: RequestOptions & { ca?: string; rejectUnauthorized?: boolean } = {
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      agent: false,
      signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
      rejectUnauthorized: options.ca !== undefined,
    };
    if (options.ca !== undefined) settings.ca = options.ca;
    if (options.localAddress !== undefined) settings.localAddress = options.localAddress;
    if (options.socket !== undefined) Object.assign(settings, { socketPath: options.socket, path: options.path });
    const fail = (error: Error) =>
      reject(timeout.aborted ? Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }) : error);
    const send = options.url?.startsWith('https:') ? httpsRequest : httpRequest;
    const request = options.url === undefined ? httpRequest(settings) : send(options.url, settings);
    request.on('error', fail);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
        options.onData?.(piece);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.end(options.body);
  });
}
