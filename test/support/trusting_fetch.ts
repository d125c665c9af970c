import { Agent, fetch as undiciFetch } from 'undici';

/** A `fetch` for other people's clients that trusts a stack's own authority, as a user's machine would. */
export function trustingFetch(ca: string): typeof fetch {
  // HTTP/1.1, as Node's own fetch speaks it.
  const dispatcher = new Agent({ allowH2: false, connect: { ca } });
  // Two copies of one interface: Node's own fetch is made of the same sources.
  return ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch;
}
