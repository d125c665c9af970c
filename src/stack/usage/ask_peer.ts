import { shortRequest } from '../http_request.ts';
import { instanceNames, peerSocket } from '../service_specs.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';

/** Redis is read day by day, in one go. */
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
