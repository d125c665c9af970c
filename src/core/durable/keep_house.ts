import { BEAT_MS, LEASE_MS } from '../../formats/timing.ts';
import type { DurableCore } from './durable_core.ts';
import { StoreUnavailable } from './store_unavailable.ts';
import { takeOver } from './take_over.ts';
import type { Thread } from './thread.ts';

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
      // An instance that could not reach the store knows nothing of the others' silence: they need time to say that they
      // are alive.
      if (now - this.#answersSince >= LEASE_MS) for (const boot of dead) await sparing(() => this.#recover(boot));
      await sparing(() => this.#resumeUnanswered());
      await this.#checkpointAndTrim();
    } catch {
      this.#answersSince = undefined;
      // The connection reports its failures itself.
    } finally {
      this.#busy = false;
    }
  }

  /** Takes over whatever a dead boot has left, also what no client asks for: its slots, its ends. */
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

  /** A stream whose change of owner was stored and never answered is ours, and no other instance can go on with it. */
  async #resumeUnanswered(): Promise<void> {
    const { store, takingOver, wal } = this.#core;
    for (const [threadId, takeover] of takingOver) {
      if (!takeover.isUnanswered || takeover.work) continue;
      const record = await store.read(threadId);
      if (record?.owner === wal.boot && record.state === 'running') await takeOver(this.#core, record);
      else takeover.isUnanswered = false;
    }
  }

  async #checkpointAndTrim(): Promise<void> {
    const { wal, store, threads, checkpointMs } = this.#core;
    const boot = wal.boot;
    const now = performance.now();
    // What has its end in the log is about to be stored as a whole.
    const due = [...threads.values()].filter(
      ({ checkpointedAt, terminal }) => terminal === undefined && now - checkpointedAt >= checkpointMs,
    );
    await Promise.all(due.map((thread) => sparing(() => this.#checkpoint(thread))));
    const oldest = Math.min(wal.horizon, ...Array.from(threads.values(), (thread) => thread.oldestGroup));
    if (boot !== wal.boot) return;
    if (this.#trimTo > 1) await store.trim(boot, Math.min(this.#trimTo, oldest));
    this.#trimTo = oldest;
  }

  async #checkpoint(thread: Thread): Promise<void> {
    const { faults, store, wal, log } = this.#core;
    faults('in_checkpoint');
    const { record, request, contents, committed } = thread;
    const { boot, horizon } = wal;
    // Unlogged text is in no log either, so it is as good to keep it here first.
    let reply = await store.checkpoint(record, contents, committed);
    if (reply === 'unknown') {
      // A failover lost it, and not the log: nothing but this would make it known again.
      const stored = await store.adopt(record, record.owner, request);
      reply = stored < 0 ? 'not_mine' : await store.checkpoint(record, contents, committed);
    }
    // It may have come under a new boot, whose log is another; and a group that holds its end must not be let go of.
    if (wal.boot !== boot || thread.record !== record || thread.terminal !== undefined) return;
    if (reply === 'kept') thread.checkpointed(committed, horizon);
    if (reply !== 'not_mine') return;
    log.warn('5.3', 'A stream has another owner; it ends here', { thread_id: record.id });
    thread.leave();
  }
}

/** One thread, or one dead boot, that fails must not keep the others from what is due. A store that is away fails all. */
async function sparing(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
  }
}
