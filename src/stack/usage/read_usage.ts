import {
  type UsageView,
  type UserUsageView,
  usageViewSchema,
  userUsageViewSchema,
} from '../../formats/cluster/usage_row.ts';
import { shortRequest } from '../http_request.ts';
import { instanceNames, peerSocket } from '../stack_addresses.ts';
import { StackError } from '../stack_error.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';

/** Enough to read all days from Redis. */
const WITHIN_MS = 5_000;

/** Asks the private listener of one instance; rejects where it does not answer. @param path such as `/usage/7` */
export type AskPeer = (path: string) => Promise<{ status: number; body: string }>;

/** Of a native stack: sockets that only its own account reaches. */
export function socketPeers(layout: StackLayout, options: StackOptions): AskPeer[] {
  return instanceNames(options.instances).map((name) => {
    return (path) => shortRequest({ socket: peerSocket(layout, name), path, timeoutMs: WITHIN_MS });
  });
}

/** On a network. @param secret which all instances share */
export function networkPeers(urls: readonly string[], secret: string): AskPeer[] {
  return urls.map((base) => (path) => {
    return shortRequest({ url: `${base}${path}`, headers: { 'x-peer-secret': secret }, timeoutMs: WITHIN_MS });
  });
}

/**
 * The usage of the last `days`, from the first instance that answers.
 * @throws StackError if none does, or none has Redis
 */
export function readUsage(peers: readonly AskPeer[], days: number): Promise<UsageView> {
  return readView(peers, `/usage/${days}`, (view) => usageViewSchema.parse(view));
}

/** The same by user, of at most the last seven days. */
export function readUserUsage(peers: readonly AskPeer[], days: number): Promise<UserUsageView> {
  return readView(peers, `/usage/${days}/users`, (view) => {
    const parsed = userUsageViewSchema.safeParse(view);
    // An older version answers with usage by key.
    if (!parsed.success) throw new StackError('the instances do not count users yet', './weir restart --rolling');
    return parsed.data;
  });
}

async function readView<View>(peers: readonly AskPeer[], path: string, parse: (view: unknown) => View): Promise<View> {
  let why = 'no instance answers';
  for (const ask of peers) {
    const answer = await ask(path).catch(() => undefined);
    if (answer?.status === 200) return parse(JSON.parse(answer.body));
    if (answer?.status === 503) why = 'the instances can not read Redis';
  }
  throw new StackError(`usage can not be read: ${why}`, 'see ./weir status and ./weir doctor');
}
