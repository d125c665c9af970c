/** One HTTP request of {@link openStream}. `headers` have lower-case names. */
export interface TransportRequest {
  method: string;
  headers: Record<string, string>;
  /** Empty for none. */
  body: string;
  signal: AbortSignal | undefined;
}

/** The response head, and the body as bytes with arbitrary boundaries. Leaving the iteration closes the request. */
export interface TransportResponse {
  status: number;
  /** Value of a response header, name in any case; null if there is none. */
  headers: (name: string) => string | null;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Sends one request, follows no redirect that changes the method, and settles when the response head arrives.
 * Rejects without a head (connection refused, TLS, abort); an abort after the head ends the body with an error.
 */
export type Transport = (url: string, request: TransportRequest) => Promise<TransportResponse>;

/** Sends requests with a `fetch`. @param settings for all of them, such as `credentials` */
export function transportOver(send: typeof fetch, settings?: RequestInit): Transport {
  return async (url, { method, headers, body, signal }) => {
    const response = await send(url, {
      ...settings,
      method,
      headers,
      body: body === '' ? null : body,
      signal: signal ?? null,
      cache: 'no-store',
      // The user may leave the page while it cancels the stream.
      keepalive: method === 'DELETE',
    });
    return {
      status: response.status,
      headers: (name) => response.headers.get(name),
      body: readerBytes(response.body),
    };
  };
}

/** The default transport, for browsers and Node.js. */
export const fetchTransport: Transport = transportOver((...args) => fetch(...args));

/** Not every browser can iterate a ReadableStream. */
export async function* readerBytes(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Stops the server if the caller stops early. The caller already has the cause.
    await reader.cancel().catch(() => {});
  }
}

export const isEventStream = (contentType: string | null): boolean =>
  contentType?.startsWith('text/event-stream') ?? false;

/** What a transport's error says; some throw what is none. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a response head says about its path; null if the header is missing. */
export interface StreamHead {
  status: number;
  /** The instance that answered or refused. */
  instance: string | null;
  /** The instance that produces the stream. For a resumable stream, another instance may relay it. */
  producer: string | null;
  /** `nginx` if the response came through the balancer. */
  via: string | null;
  /** Address of the instance, as NGINX sees it. */
  upstream: string | null;
  threadId: string | null;
}

/** Reads the path from the response headers. */
export function streamHead(response: TransportResponse): StreamHead {
  const instance = response.headers('x-instance-id');
  return {
    status: response.status,
    instance,
    producer: response.headers('x-producer-id') ?? instance,
    via: response.headers('x-gateway-via'),
    upstream: response.headers('x-upstream'),
    threadId: response.headers('x-thread-id'),
  };
}
