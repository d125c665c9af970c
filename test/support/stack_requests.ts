import { type ClientHttp2Session, connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';

/** One finished request through NGINX. */
export interface StackAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Set when the answer broke off instead of ending. */
  broken: string | undefined;
}

export interface StackRequest {
  path: string;
  body?: unknown;
  method?: string;
  headers?: Record<string, string>;
  /** Source address, such as 127.0.3.1: another user. HTTP/1.1 only. */
  from?: string;
  /** Called with each piece of the body, and with what cuts the request off from the client's side. */
  onData?: (piece: string, cut: () => void) => void;
  onHead?: (cut: () => void) => void;
  onSent?: (cut: () => void) => void;
}

/** HTTP/1.1 over TLS, a connection for each request. Never rejects: a failure is part of the answer. */
export function requestHttp1(
  url: string,
  { path, body, method, headers, from, ...on }: StackRequest,
): Promise<StackAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve) => {
    const answer: StackAnswer = { status: 0, headers: {}, text: '', broken: undefined };
    const request = httpsRequest(new URL(path, url), {
      method: method ?? (text === undefined ? 'GET' : 'POST'),
      rejectUnauthorized: false,
      agent: false,
      ...(from === undefined ? {} : { localAddress: from, family: 4 }),
      headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    });
    const cut = () => request.destroy();
    const fail = (error: Error) => {
      answer.broken = error.message;
      resolve(answer);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      answer.status = response.statusCode ?? 0;
      answer.headers = response.headers;
      on.onHead?.(cut);
      response.setEncoding('utf8').on('data', (piece: string) => {
        answer.text += piece;
        on.onData?.(piece, cut);
      });
      response.on('error', fail);
      response.on('end', () => resolve(answer));
    });
    request.end(text, () => on.onSent?.(cut));
  });
}

/** HTTP/2 over TLS; many requests share the session. */
export class Http2Client {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** NGINX closes a connection that was idle for long; browsers then open another. */
  #open(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    this.#session = connect(this.#url, { rejectUnauthorized: false });
    this.#session.on('error', () => {});
    return this.#session;
  }

  request({ path, body, method, headers, ...on }: StackRequest): Promise<StackAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve) => {
      const answer: StackAnswer = { status: 0, headers: {}, text: '', broken: undefined };
      const stream = this.#open().request({
        ':path': path,
        ':method': method ?? (text === undefined ? 'GET' : 'POST'),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      });
      const cut = () => stream.close(8);
      stream.on('response', (head) => {
        answer.status = Number(head[':status']);
        answer.headers = head as StackAnswer['headers'];
        on.onHead?.(cut);
      });
      stream.setEncoding('utf8').on('data', (piece: string) => {
        answer.text += piece;
        on.onData?.(piece, cut);
      });
      stream.on('error', (error: Error) => {
        answer.broken = error.message;
      });
      stream.on('close', () => {
        if (stream.rstCode !== 0) answer.broken ??= `reset ${stream.rstCode}`;
        resolve(answer);
      });
      stream.end(text, () => on.onSent?.(cut));
    });
  }

  close(): void {
    this.#session?.close();
  }
}
