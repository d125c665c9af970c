import { type UsageView, usageViewSchema } from '../../formats/cluster/usage_row.ts';
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
export async function readUsage(peers: readonly AskPeer[], days: number): Promise<UsageView> {
  let why = 'no instance answers';
  for (const ask of peers) {
    const answer = await ask(`/usage/${days}`).catch(() => undefined);
    if (answer?.status === 200) return usageViewSchema.parse(JSON.parse(answer.body));
    if (answer?.status === 503) why = 'the instances can not read Redis';
  }
  throw new StackError(`usage can not be read: ${why}`, 'see ./weir status and ./weir doctor');
}
