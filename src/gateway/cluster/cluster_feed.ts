import type { ServerResponse } from 'node:http';
import type { ClusterView } from '../../formats/cluster/cluster_view.ts';

const EVERY_MS = 250;

/**
 * Sends the cluster view to all watchers, four times a second: one view for all of them, none while no one is
 * there. A watcher that is slow misses views; it is never waited for.
 */
export class ClusterFeed {
  readonly #view: () => Promise<ClusterView>;
  readonly #watchers = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(view: () => Promise<ClusterView>) {
    this.#view = view;
  }

  /** @param response its head is already sent */
  add(response: ServerResponse): void {
    if (this.#closed) {
      response.end();
      return;
    }
    this.#watchers.add(response);
    response.once('close', () => {
      this.#watchers.delete(response);
      if (this.#watchers.size === 0) this.#stop();
    });
    this.#timer ??= setInterval(() => void this.#show(), EVERY_MS);
    void this.#show();
  }

  /** Sends everybody away for good, also who comes later; they reconnect to another instance. */
  close(): void {
    this.#closed = true;
    this.#stop();
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #show(): Promise<void> {
    const view = await this.#view().catch(() => undefined);
    if (!view) return;
    const frame = `event: cluster\ndata: ${JSON.stringify(view)}\n\n`;
    for (const watcher of this.#watchers) if (!watcher.writableNeedDrain) watcher.write(frame);
  }
}
