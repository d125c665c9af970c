import type { ServerResponse } from 'node:http';

/**
 * Resolves when a response that was full takes more, or when its reader is gone. Leaves no listener behind:
 * a race of two `once` would leave the loser's, one for each time that the response was full.
 */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    // `close` may have come before this.
    if (response.destroyed) done();
  });
}
