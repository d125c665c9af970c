import { Redis } from 'ioredis';
import type { StackFixture } from '../support/stack_fixture.ts';

const PING_EVERY_MS = 100;
/** An answer of Redis that took longer is reported. */
const SLOW_PING_MS = 50;

/** What happened to the deployment while clients streamed, by this machine's clock: evidence for a stream that failed. */
export class Timeline {
  readonly #events: { at: number; what: string; threadId: string | undefined }[] = [];

  /** @param at milliseconds since 1970 @param threadId whose business it is; undefined for everybody's */
  note(what: string, at = Date.now(), threadId?: string): void {
    this.#events.push({ at, what, threadId });
  }

  /** Asks Redis again and again; notes each answer that was slow, or did not come. */
  async watchRedis(path: string, stop: AbortSignal): Promise<void> {
    const redis = new Redis({ path, maxRetriesPerRequest: 0 });
    redis.on('error', (error) => this.note(`Redis: ${error.message}`));
    while (!stop.aborted) {
      const askedAt = performance.now();
      const failure = await redis.ping().then(
        () => undefined,
        (error: Error) => error.message,
      );
      const ms = Math.round(performance.now() - askedAt);
      if (failure !== undefined) this.note(`Redis did not answer: ${failure}`);
      else if (ms > SLOW_PING_MS) this.note(`Redis answered after ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
    }
    redis.disconnect();
  }

  /** Adds what the instances have logged: of themselves, as a warning, and of each take-over. */
  readLogs(stack: StackFixture, names: readonly string[]): void {
    for (const name of names) {
      for (const line of stack.log(name).split('\n')) {
        if (!line.startsWith('{')) continue;
        const { timestamp, level, stage, event, instance, ...fields } = JSON.parse(line) as Record<string, string>;
        if (level !== 'warn' && level !== 'error' && stage !== '0' && stage !== '5.3') continue;
        this.note(`${instance}: ${event} ${JSON.stringify(fields)}`, Date.parse(timestamp as string), fields.thread_id);
      }
    }
  }

  /** What was noted of a stream, and of no stream in particular, from one moment to another, in order; with seconds since the first. */
  between(from: number, to: number, thread?: string): string[] {
    return this.#events
      .filter(({ at, threadId }) => at >= from && at <= to && (threadId === undefined || threadId === thread))
      .sort((one, other) => one.at - other.at)
      .map(({ at, what }) => `${((at - from) / 1000).toFixed(3)} ${what}`);
  }
}
