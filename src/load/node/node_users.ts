import { orAborted } from '../../client/abortable.ts';
import type { LoadUser } from '../follower.ts';
import { type NodeTransport, type NodeTransportOptions, nodeTransport } from './node_transport.ts';

/** The users of a run, each known to the server by an address or by a key of its own. */
export interface NodeUsers {
  as: (user: number) => LoadUser;
  /** Connects so many of them, so that the run measures streams and not handshakes. */
  warm: (users: number, signal: AbortSignal) => Promise<void>;
  /** Drops all connections. */
  close: () => void;
}

/** A plan asks for users that can't be told apart; `message` says what to do. */
export class TooFewIdentities extends Error {}

/** So many loopback addresses are used: 127.0.1.1 to 127.0.250.250. */
const MAX_ADDRESSES = 250 * 250;

/** Why so many users can't be told apart by that server, as a sentence; undefined where they can. */
export function identityProblem(
  baseUrl: string,
  users: number,
  keys: readonly string[],
  { connectTo, socketPath }: NodeTransportOptions,
): string | undefined {
  if (keys.length > 0) {
    if (users <= keys.length) return undefined;
    return `There are ${keys.length} keys for ${users} users; name a file with as many lines.`;
  }
  if (users === 1) return undefined;
  if (users > MAX_ADDRESSES) return `At most ${MAX_ADDRESSES} users have an address of their own.`;
  const isLocal = isLoopback(new URL(baseUrl).hostname) && connectTo === undefined && socketPath === undefined;
  return isLocal
    ? undefined
    : `${users} users of a server elsewhere need a key each; name a file of them with --keys-file.`;
}

/** As many of the wanted users as that server can tell apart. */
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
 * Users of a server at `baseUrl`: by API keys where there are some, else by source addresses, which only a server on
 * this machine sees.
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

/** Handshakes at once. */
const WARMING = 20;
/** For one of them; whoever can't connect is an outcome of its requests. */
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
