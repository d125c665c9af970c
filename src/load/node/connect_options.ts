/** How connections to the one origin of a transport are made. */
export interface ConnectOptions {
  /** PEM of the CA to trust instead of the system's. */
  ca?: string;
  /** Accept any certificate. */
  insecure?: boolean;
  /** Source address, such as 127.0.1.5: another user to the limiter. IPv4. */
  localAddress?: string;
  /** `host:port` to connect to instead; request and certificate keep the origin's name. */
  connectTo?: string;
  /** Unix socket to connect to instead, in plain HTTP/1.1. */
  socketPath?: string;
}

/** Where a connection to this origin really leads. */
export function placeOf(origin: URL, { connectTo }: ConnectOptions): { host: string; port: number } {
  const [host, port] = connectTo?.split(':') ?? [];
  return {
    host: host ?? origin.hostname.replace(/^\[|\]$/g, ''),
    port: Number(port ?? (origin.port || (origin.protocol === 'https:' ? 443 : 80))),
  };
}
