import type { DurableCore } from './durable_core.ts';
import { LEASE_MS } from './group_log.ts';
import { takeOver } from './take_over.ts';
import type { Thread } from './thread.ts';

export const BEAT_MS = 2_000;

/** What an instance does for its own log and for the dead, every {@link BEAT_MS}. */
export class HouseKeeping {
  readonly #core: DurableCore;
  /** Trimmed one round late: replicas lag. */
  #trimTo = 1;
  #busy = false;
  #answersSince: number | undefined;

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
      const now = performance.now();
      this.#answersSince ??= now;
      // Whoever could not reach the store itself knows nothing of the others' silence: they need time to say that they
      // are alive.
      if (now - this.#answersSince >= LEASE_MS) for (const boot of dead) await this.#recover(boot);
      await this.#checkpointAndTrim();
    } catch {
      this.#answersSince = undefined;
      // The connection reports its failures itself.
    } finally {
      this.#busy = false;
    }
  }

  /** Takes over whatever a dead boot has left, also what nobody asks for: its slots, its ends. */
  async #recover(boot: string): Promise<void> {
    const { store, deadLogs } = this.#core;
    if (boot === this.#core.wal.boot || !(await store.seal(boot, false))) return;
    const orphan = async ({ id }: { id: string | undefined }) => {
      const record = id === undefined ? undefined : await store.read(id);
      return record?.owner === boot && record.state === 'running' ? record : undefined;
    };
    let left = 0;
    // Most of what a log holds is over, and takes one look.
    const threads = [...(await deadLogs.read(boot)).values()];
    for (const record of await Promise.all(threads.map(orphan))) {
      if (!record) continue;
      await takeOver(this.#core, record);
      if (await orphan(record)) left += 1;
    }
    if (left === 0) await store.forget(boot);
  }

  async #checkpointAndTrim(): Promise<void> {
    const { wal, store, threads, checkpointMs } = this.#core;
    const boot = wal.boot;
    const now = performance.now();
    const due = [...threads.values()].filter((thread) => now - thread.checkpointedAt >= checkpointMs);
    await Promise.all(due.map((thread) => this.#checkpoint(thread)));
    const oldest = Math.min(wal.horizon, ...Array.from(threads.values(), (thread) => thread.oldestGroup));
    if (boot !== wal.boot) return;
    if (this.#trimTo > 1) await store.trim(boot, Math.min(this.#trimTo, oldest));
    this.#trimTo = oldest;
  }

  async #checkpoint(thread: Thread): Promise<void> {
    this.#core.faults('in_checkpoint');
    const { record, contents, committed } = thread;
    const horizon = this.#core.wal.horizon;
    // Unlogged text is in no log either, so it is as good to keep it here first.
    const mine = await this.#core.store.checkpoint(record, contents, committed);
    if (mine && thread.record === record && !thread.over) thread.checkpointed(committed, horizon);
  }
}
