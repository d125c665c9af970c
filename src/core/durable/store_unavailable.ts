/** The store can't be reached, refuses for a while, or does not answer in time: everything goes on without it. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the stream log does not answer', { cause });
  }
}

/** What to go on with while the store is away; any other failure is a mistake of ours, and stays one. */
export function whileAway<T>(instead: () => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof StoreUnavailable) return instead();
    throw error;
  };
}
