import { setTimeout as delay } from 'node:timers/promises';
import { shortRequest } from '../http_request.ts';

const WITHIN_MS = 15_000;
const PAUSE_MS = 200;
/** NGINX lets one request try a peer that failed; the second one shows that it is trusted again. */
const WANTED_ANSWERS = 2;

/**
 * Sends short requests through NGINX until the instance that came back answers some of them.
 *
 * A peer that failed is left alone until the next second begins, and then tried with one request: better with a probe of ours
 * than with a user's stream, and better before the next burst than in it. As many probes go at once as there are
 * instances: one at a time, in step with somebody else's requests, could meet every instance but this one.
 * Resolves with the number of rounds that it took; undefined when it did not answer in time.
 */
export async function warmUpstream(
  gatewayUrl: string,
  instance: string,
  instances: number,
  withinMs = WITHIN_MS,
): Promise<number | undefined> {
  const deadline = Date.now() + withinMs;
  let answers = 0;
  for (let round = 1; Date.now() < deadline; round++) {
    const probes = Array.from({ length: instances }, () =>
      shortRequest({ url: `${gatewayUrl}/health/live` }).catch(() => undefined),
    );
    for (const answer of await Promise.all(probes)) if (answer?.headers['x-upstream'] === instance) answers += 1;
    if (answers >= WANTED_ANSWERS) return round;
    await delay(PAUSE_MS);
  }
  return undefined;
}
