import type { DurableCore } from './durable_core.ts';
import { takeOver } from './take_over.ts';
import type { Thread } from './thread.ts';

export const BEAT_MS = 2_000;
/** A running stream's text is kept apart from the log about this often, so that the log can be trimmed. */
const CHECKPOINT_MS = 10_000;

/** What an instance does for its own log and for the dead, every {@link BEAT_MS}. */
export class HouseKeeping {
  readonly #core: DurableCore;
  /** Trimmed one round late: replicas lag. */
  #trimTo = 1;
  #busy = false;

  constructor(core: DurableCore) {
    this.#core = core;
  }

  /** Never rejects: what fails is tried again with the next beat. */
  async beat(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#core.wal.renew();
      const dead = await this.#core.store.beat(this.#core.wal.boot);
      for (const boot of dead) await this.#recover(boot);
      await this.#checkpointAndTrim();
    } catch {
      // The connection reports its failures itself.
    } finally {
      this.#busy = false;
    }
  }

  /** Takes over whatever a dead boot has left, also what nobody asks for: its slots, its ends. */
  async #recover(boot: string): Promise<void> {
    const { store } = this.#core;
    if (boot === this.#core.wal.boot || !(await store.seal(boot, false))) return;
    let left = 0;
    for (const threadId of (await store.openThreads(boot)).values()) {
      const orphan = async () => {
        const record = await store.read(threadId);
        return record?.owner === boot && record.state === 'running' ? record : undefined;
      };
      const record = await orphan();
      if (record) await takeOver(this.#core, record);
      if (record && (await orphan())) left += 1;
    }
    if (left === 0) await store.forget(boot);
  }

  async #checkpointAndTrim(): Promise<void> {
    const { wal, store, threads } = this.#core;
    const boot = wal.boot;
    const now = performance.now();
    const due = [...threads.values()].filter((thread) => now - thread.checkpointedAt >= CHECKPOINT_MS);
    await Promise.all(due.map((thread) => this.#checkpoint(thread)));
    const oldest = Math.min(wal.horizon, ...Array.from(threads.values(), (thread) => thread.oldestGroup));
    if (boot !== wal.boot) return;
    if (this.#trimTo > 1) await store.trim(boot, Math.min(this.#trimTo, oldest));
    this.#trimTo = oldest;
  }

  async #checkpoint(thread: Thread): Promise<void> {
    this.#core.faults('in_checkpoint');
    const { record, contents, committed } = thread;
    const first = record.checkpoint + 1;
    const horizon = this.#core.wal.horizon;
    // Unlogged text is in no log either, so it is as good to keep it here first.
    const mine = await this.#core.store.checkpoint(record, first, contents.slice(record.checkpoint, committed));
    if (!mine || thread.record !== record) return;
    record.checkpoint = committed;
    thread.oldestGroup = horizon;
    thread.checkpointedAt = performance.now();
  }
}
