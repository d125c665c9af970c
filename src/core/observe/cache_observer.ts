/** Where an answer came from: kept from before, asked for this request, or for an equal one that runs already. */
export type CacheKind = 'hit' | 'miss' | 'shared';

/** What is counted of routes that keep answers. */
export interface CacheObserver {
  /** One more request of such a route. */
  cached(kind: CacheKind): void;
}
