import { orAborted } from '../../formats/abortable.ts';
import type { LoadUser } from '../follower.ts';
import { type NodeTransport, type NodeTransportOptions, nodeTransport } from './node_transport.ts';

/** The users of a run. The server distinguishes them by source address or by API key. */
export interface NodeUsers {
  as: (user: number) => LoadUser;
  /** Connects the first `users`, so that the run does not measure handshakes. */
  warm: (users: number, signal: AbortSignal) => Promise<void>;
  /** Drops all connections. */
  close: () => void;
}

/** The server cannot distinguish the users of a plan; `message` says what to do. */
export class TooFewIdentities extends Error {}

/** Number of loopback addresses from 127.0.1.1 to 127.0.250.250. */
const MAX_ADDRESSES = 250 * 250;

/** Why the server cannot distinguish this many users, as a sentence; undefined if it can. */
export function identityProblem(
  baseUrl: string,
  users: number,
  keys: readonly string[],
  { connectTo, socketPath }: NodeTransportOptions,
): string | undefined {
  if (keys.length > 0) {
    if (users <= keys.length) return undefined;
    return `${users} users need ${users} API keys, but there are ${keys.length}. Add keys, or use fewer users.`;
  }
  if (users === 1) return undefined;
  if (users > MAX_ADDRESSES) return `At most ${MAX_ADDRESSES} users can have their own address.`;
  const isLocal = isLoopback(new URL(baseUrl).hostname) && connectTo === undefined && socketPath === undefined;
  return isLocal
    ? undefined
    : `${users} users of a remote server need one API key each. Give a file of keys with --keys-file.`;
}

/** How many of the wanted users the server can distinguish. */
export function distinctUsers(
  baseUrl: string,
  wanted: number,
  keys: number,
  options: NodeTransportOptions = {},
): number {
  if (keys > 0) return Math.min(wanted, keys);
  return identityProblem(baseUrl, wanted, [], options) === undefined ? wanted : 1;
}

/**
 * Users of a server at `baseUrl`: by API key if there are keys, else by source address, which only works with a server on
 * this machine.
 * @throws TooFewIdentities
 */
export function nodeUsers(
  baseUrl: string,
  users: number,
  keys: readonly string[],
  options: NodeTransportOptions,
): NodeUsers {
  const problem = identityProblem(baseUrl, users, keys, options);
  if (problem !== undefined) throw new TooFewIdentities(problem);
  if (keys.length > 0 || users === 1) {
    const { send, close } = nodeTransport(baseUrl, options);
    const keyOf = (user: number) => (keys.length > 0 ? { headers: { authorization: `Bearer ${keys[user]}` } } : {});
    return ready(baseUrl, (user) => ({ transport: send, ...keyOf(user) }), close);
  }
  const transports = new Map<number, NodeTransport>();
  const as = (user: number) => {
    let transport = transports.get(user);
    transport ??= nodeTransport(baseUrl, { ...options, localAddress: addressOf(user) });
    transports.set(user, transport);
    return { transport: transport.send };
  };
  const close = () => {
    for (const transport of transports.values()) transport.close();
  };
  return ready(baseUrl, as, close);
}

/** Concurrent handshakes. */
const WARMING = 20;
/** Timeout of one handshake. A user that cannot connect fails again in its requests, which count. */
const WARM_WITHIN_MS = 10_000;

function ready(baseUrl: string, as: NodeUsers['as'], close: () => void): NodeUsers {
  const connect = async (user: number, signal: AbortSignal) => {
    const { transport, headers } = as(user);
    const sent = { ...headers, accept: 'application/json' };
    const within = AbortSignal.any([signal, AbortSignal.timeout(WARM_WITHIN_MS)]);
    const request = { method: 'GET', headers: sent, body: '', signal: within };
    const answer = await orAborted(transport(`${baseUrl}/models`, request), within);
    for await (const _ of answer.body);
  };
  const warm = async (users: number, signal: AbortSignal) => {
    let next = 0;
    const work = async () => {
      while (next < users && !signal.aborted) await connect(next++, signal).catch(() => {});
    };
    await Promise.all(Array.from({ length: Math.min(users, WARMING) }, work));
  };
  return { as, warm, close };
}

function addressOf(user: number): string {
  return `127.0.${1 + Math.floor(user / 250)}.${1 + (user % 250)}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
