import type { Announcement, InstanceDirectory } from '../../core/cluster/instance_directory.ts';
import { ANNOUNCE_MS } from '../../formats/timing.ts';

const LOOK_MS = 250;

/** Announces this instance every second, and sooner when something that others show has changed. */
export class Announcer {
  readonly #directory: InstanceDirectory;
  readonly #self: () => Announcement;
  #timer: NodeJS.Timeout | undefined;
  #lastText = '';
  #lastAt = 0;

  constructor(directory: InstanceDirectory, self: () => Announcement) {
    this.#directory = directory;
    this.#self = self;
  }

  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#directory.withdraw().catch(() => {});
  }

  /** Failures are the connection's to report; the next look tries again. */
  async #look(): Promise<void> {
    const self = this.#self();
    const text = JSON.stringify(self);
    const now = performance.now();
    if (text === this.#lastText && now - this.#lastAt < ANNOUNCE_MS) return;
    this.#lastText = text;
    this.#lastAt = now;
    await this.#directory.announce(self).catch(() => {
      this.#lastText = '';
    });
  }
}
