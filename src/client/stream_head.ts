import type { TransportResponse } from './transport.ts';

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
