/** Names under which a browser on this machine may address the console. */
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a `Host` header names this machine. A page of another site can make a browser connect here by pointing its
 * own name at 127.0.0.1 (DNS rebinding); the name it was opened under then stands in this header.
 *
 * @param listenHost the address that the console was told to bind: whoever names it on purpose may also use it
 */
export function isLocalHost(header: string | undefined, listenHost: string): boolean {
  const name = (header ?? '').replace(/:\d{1,5}$/, '').toLowerCase();
  return LOCAL_NAMES.has(name) || name === listenHost.toLowerCase() || name === `[${listenHost.toLowerCase()}]`;
}
