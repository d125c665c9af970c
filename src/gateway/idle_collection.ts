import type { EventLog } from '../core/observe/observers.ts';

const LOOK_MS = 1_000;
/** Streams may come back at once; their memory is then still there. */
const QUIET_LOOKS = 3;
/** Fewer streams leave too little memory behind to be worth the pause. */
const CROWD = 500;

/**
 * Gives memory back to the system when many streams have ended. V8 does so by itself only minutes later, because it waits
 * for an allocation rate that it measures when it collects, and it does not collect while nothing happens. A full
 * collection stops the process for some tenths of a second, so it waits until no stream is open.
 */
export class IdleCollection {
  readonly #open: () => number;
  readonly #collect: (() => Promise<void>) | undefined;
  readonly #log: EventLog;
  /** Streams seen at once since the last collection. */
  #most = 0;
  #quietLooks = 0;

  /** @param open streams that run now; @param collect undefined where Node.js was not started with `--expose-gc` */
  constructor(open: () => number, log: EventLog, collect = globalThis.gc && collectEverything) {
    this.#open = open;
    this.#collect = collect;
    this.#log = log;
  }

  /** Looks once a second, and keeps no process alive for it. @returns the way to stop */
  start(): () => void {
    const timer = setInterval(() => void this.look(), LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  async look(): Promise<void> {
    const open = this.#open();
    this.#most = Math.max(this.#most, open);
    this.#quietLooks = open === 0 ? this.#quietLooks + 1 : 0;
    if (!this.#collect || this.#most < CROWD || this.#quietLooks < QUIET_LOOKS) return;
    const streams = this.#most;
    this.#most = 0;
    const startedAt = performance.now();
    await this.#collect();
    const duration_ms = Math.round(performance.now() - startedAt);
    this.#log.info('0', 'Memory collected, as all streams have ended', { streams, duration_ms });
  }
}

/** The only kind of collection that also gives pages back. */
function collectEverything(): Promise<void> {
  return (globalThis.gc as NodeJS.GCFunction)({ type: 'major', flavor: 'last-resort', execution: 'async' });
}
