import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from './build_gateway.ts';

/** New connections are still served for this long: a balancer needs a moment to notice. */
const LINGER_MS = 2_000;
/** Streams that end at the deadline get this long to send their terminal event. */
const LAST_WORD_MS = 2_000;

/**
 * Leaves without breaking a stream: reports it, serves for a moment, stops listening, and lets streams finish. At the
 * deadline it hands resumable streams over and ends the others with `error: draining`.
 */
export async function drain(gateway: Gateway, seconds: number): Promise<void> {
  const { app, open, log, durable } = gateway;
  const { streams } = durable.core;
  log.info('0', 'Draining', { active_streams: open.size, threads: streams.size, seconds });
  gateway.beginDrain();
  await sleep(Math.min(LINGER_MS, seconds * 1000));
  // http.Server's own close would also close idle connections, under requests that are on their way on them.
  NetServer.prototype.close.call(app.server);
  const allDone = Promise.all([open.empty(), durable.empty()]);
  await Promise.race([allDone, sleep(seconds * 1000, undefined, { ref: false })]);
  if (open.size + streams.size > 0) {
    log.warn('0', 'Drain deadline: ending what is left', { active_streams: open.size, threads: streams.size });
    // First refuse new streams, because they would begin in a log that is closed.
    open.closeAll();
    await durable.handOver();
    await Promise.race([open.empty(), sleep(LAST_WORD_MS, undefined, { ref: false })]);
  }
  await gateway.close();
  log.info('0', 'Drained');
}
