import type { TransportResponse } from './transport.ts';

/** What an answer's head says about its path; null where the header is missing. */
export interface StreamHead {
  status: number;
  /** The instance that answered, also when it refused. */
  instance: string | null;
  /** `nginx` where the answer came through the balancer. */
  via: string | null;
  /** Address of the instance, as the balancer sees it. */
  upstream: string | null;
  threadId: string | null;
}

/** Reads the path from an answer's headers. */
export function streamHead(response: TransportResponse): StreamHead {
  return {
    status: response.status,
    instance: response.headers('x-instance-id'),
    via: response.headers('x-gateway-via'),
    upstream: response.headers('x-upstream'),
    threadId: response.headers('x-thread-id'),
  };
}
