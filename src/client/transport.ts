/** One HTTP request of {@link openStream}. `headers` have lower-case names. */
export interface TransportRequest {
  method: string;
  headers: Record<string, string>;
  /** Empty for none. */
  body: string;
  signal: AbortSignal | undefined;
}

/** The answer's head, and its body as bytes cut anywhere. Leaving the iteration early closes the request. */
export interface TransportResponse {
  status: number;
  /** Value of a response header, name in any case; null where there is none. */
  headers: (name: string) => string | null;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Sends one request, follows no redirect that changes the method, and settles when the head is there.
 * Rejects when no head comes (connection refused, TLS, abort); an abort after the head ends the body with an error.
 */
export type Transport = (url: string, request: TransportRequest) => Promise<TransportResponse>;

/** The transport of browsers, and the default everywhere. */
export const fetchTransport: Transport = async (url, { method, headers, body, signal }) => {
  const response = await fetch(url, {
    method,
    headers,
    body: body === '' ? null : body,
    signal: signal ?? null,
    cache: 'no-store',
    // Who cancels may be leaving the page.
    keepalive: method === 'DELETE',
  });
  return {
    status: response.status,
    headers: (name) => response.headers.get(name),
    body: readerBytes(response.body),
  };
};

/** Not every browser can iterate a ReadableStream; all have readers. */
async function* readerBytes(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // A reader that stops early must not leave the server streaming to nobody; the cause is already on its way up.
    await reader.cancel().catch(() => {});
  }
}

/** What an answer's head says about its path; null where the header is missing. */
export interface StreamHead {
  status: number;
  /** The instance that answered, also when it refused. */
  instance: string | null;
  /** The instance that produces the stream; of a resumable one another may have answered, which passes it on. */
  producer: string | null;
  /** `nginx` where the answer came through the balancer. */
  via: string | null;
  /** Address of the instance, as the balancer sees it. */
  upstream: string | null;
  threadId: string | null;
}

/** Reads the path from an answer's headers. */
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
