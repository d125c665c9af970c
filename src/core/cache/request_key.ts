import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';
import { cacheKey } from './cache_key.ts';

/** What makes requests equal, beside the route. */
export interface RequestFacts {
  /** What is kept: text, or the bytes of one protocol. */
  kind: string;
  /** The user: no one is given what was said to another. */
  userId: string;
  /** All that the provider gets; undefined where this request is not to be compared. */
  asked: unknown;
}

/**
 * What the answer to a request of `/api/v1/stream` depends on. A resumable one is not compared: its text lies in the log,
 * and goes on from there.
 */
export function comparableText(request: StreamRequest): object | undefined {
  const { resumable, parts, query, messages, temperature, max_tokens, fake } = request;
  return resumable ? undefined : { query, messages, temperature, max_tokens, fake, ...(parts ? { parts } : {}) };
}

/**
 * @returns undefined where the route keeps nothing, or this request is not to be compared. Which targets the route has
 * is a part of the key, in whatever order they stand this time: an answer of any of them is the route's.
 */
export function requestKey(route: SelectedRoute, facts: () => RequestFacts): string | undefined {
  if (!route.cache) return undefined;
  const { kind, userId, asked } = facts();
  if (asked === undefined) return undefined;
  const targets = route.targets.map(({ provider, model }) => `${provider}/${model}`).sort();
  return cacheKey([kind, userId, route.name, targets, asked]);
}
