import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { TransportRequest, TransportResponse } from 'weir-client';
import type { ConnectOptions } from './connect.ts';
import { connectTls } from './connect.ts';

/** Streams per connection until the server announces its limit (NGINX: 128). */
const ASSUMED_STREAMS = 100;

interface Session {
  ready: Promise<ClientHttp2Session>;
  /** Streams that use it, including starting ones. */
  active: number;
  capacity: number;
}

/** Requests over HTTP/2, with as many connections as the concurrent streams need. */
export class Http2Sessions {
  readonly #origin: URL;
  readonly #options: ConnectOptions;
  readonly #sessions = new Set<Session>();

  /** @param first a connection that has negotiated HTTP/2 */
  constructor(origin: URL, options: ConnectOptions, first: TLSSocket) {
    this.#origin = origin;
    this.#options = options;
    this.#add(Promise.resolve(first));
  }

  async send(url: URL, request: TransportRequest): Promise<TransportResponse> {
    for (;;) {
      const session = this.#take();
      try {
        return await this.#sendOn(session, url, request);
      } catch (error) {
        session.active -= 1;
        // NGINX closes each connection after 1,000 requests and refuses later ones unprocessed: retry them.
        if (!isUnprocessed(error) || request.signal?.aborted) throw error;
        this.#sessions.delete(session);
      }
    }
  }

  close(): void {
    for (const { ready } of this.#sessions) {
      ready.then(
        (session) => session.destroy(),
        () => {},
      );
    }
    this.#sessions.clear();
  }

  async #sendOn(session: Session, url: URL, request: TransportRequest): Promise<TransportResponse> {
    const connection = await session.ready;
    request.signal?.throwIfAborted();
    const stream = connection.request(
      { ':method': request.method, ':path': url.pathname + url.search, ...request.headers },
      { endStream: request.body === '', ...(request.signal ? { signal: request.signal } : {}) },
    );
    if (request.body !== '') stream.end(request.body);
    const head = await headOf(stream);
    stream.once('close', () => {
      session.active -= 1;
    });
    // An abort after the head is emitted here too; the body reports it.
    stream.on('error', () => {});
    return {
      status: head[':status'] ?? 0,
      headers: (name) => head[name.toLowerCase()]?.toString() ?? null,
      body: closingBody(stream),
    };
  }

  #take(): Session {
    for (const session of this.#sessions) {
      if (session.active < session.capacity) {
        session.active += 1;
        return session;
      }
    }
    const session = this.#add(connectTls(this.#origin, ['h2'], this.#options));
    session.active += 1;
    return session;
  }

  #add(socket: Promise<TLSSocket>): Session {
    const session: Session = { ready: this.#open(socket), active: 0, capacity: ASSUMED_STREAMS };
    this.#sessions.add(session);
    const retire = () => this.#sessions.delete(session);
    session.ready.then((connection) => {
      session.capacity = connection.remoteSettings.maxConcurrentStreams ?? ASSUMED_STREAMS;
      connection.on('goaway', retire);
      connection.on('close', retire);
    }, retire);
    return session;
  }

  async #open(socket: Promise<TLSSocket>): Promise<ClientHttp2Session> {
    const connected = await socket;
    const session = connect(this.#origin, { createConnection: () => connected });
    // With the default window of 64 KiB, streams of one connection would block each other.
    session.once('connect', () => session.setLocalWindowSize(16 * 1024 * 1024));
    await once(session, 'remoteSettings');
    // Each stream of a broken connection reports the error.
    session.on('error', () => {});
    return session;
  }
}

/** A stream that the server cancels closes without an error, so `close` before the head is a failure. */
function headOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & IncomingHttpStatusHeader> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the server closed the stream before it answered')));
  });
}

/** Leaving the iteration early cancels the stream, so that the server stops. */
async function* closingBody(stream: ClientHttp2Stream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`the stream was reset (${stream.rstCode})`);
  } finally {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  }
}

function isUnprocessed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : '';
  if (code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION') return true;
  return code === 'ERR_HTTP2_STREAM_ERROR' && error.message.includes('NGHTTP2_REFUSED_STREAM');
}
