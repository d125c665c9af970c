import { BEAT_MS, LEASE_MS } from '../../formats/timing.ts';
import type { DurableCore } from './durable_core.ts';
import { keepClaim } from './keep_run.ts';
import { StoreUnavailable } from './log_store.ts';
import type { ResumableStream } from './resumable_stream.ts';
import { takeOver } from './take_over.ts';

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
      await this.#core.streamLog.renew();
      const dead = await this.#core.store.beat(this.#core.streamLog.incarnation);
      const now = performance.now();
      this.#answersSince ??= now;
      // An instance that could not reach the store knows nothing of the others' silence: they need time to say that they
      // are alive.
      if (now - this.#answersSince >= LEASE_MS)
        for (const incarnation of dead) await sparing(() => this.#recover(incarnation));
      await sparing(() => this.#resumeUnanswered());
      await this.#checkpointAndTrim();
    } catch {
      this.#answersSince = undefined;
      // The connection reports its failures itself.
    } finally {
      this.#busy = false;
    }
  }

  /** Takes over whatever a dead incarnation has left, also what no client asks for: its slots, its ends. */
  async #recover(incarnation: string): Promise<void> {
    const { store, deadLogs } = this.#core;
    if (incarnation === this.#core.streamLog.incarnation || !(await store.seal(incarnation, false))) return;
    const orphan = async ({ id }: { id: string | undefined }) => {
      const record = id === undefined ? undefined : await store.read(id);
      return record?.owner === incarnation && record.state === 'running' ? record : undefined;
    };
    let left = 0;
    // Most of what a log holds is over, and takes one look.
    const streams = [...(await deadLogs.read(incarnation)).values()];
    for (const record of await Promise.all(streams.map(orphan))) {
      if (!record) continue;
      await takeOver(this.#core, record);
      if (await orphan(record)) left += 1;
    }
    if (left === 0) await store.forget(incarnation);
  }

  /** A stream whose change of owner was stored and never answered is ours, and no other instance can go on with it. */
  async #resumeUnanswered(): Promise<void> {
    const { store, takingOver, streamLog } = this.#core;
    for (const [threadId, takeover] of takingOver) {
      if (!takeover.isUnanswered || takeover.work) continue;
      const record = await store.read(threadId);
      if (record?.owner === streamLog.incarnation && record.state === 'running') await takeOver(this.#core, record);
      else takeover.isUnanswered = false;
    }
  }

  async #checkpointAndTrim(): Promise<void> {
    const { streamLog, store, streams, checkpointMs } = this.#core;
    const incarnation = streamLog.incarnation;
    const now = performance.now();
    // What has its end in the log is about to be stored as a whole.
    const due = [...streams.values()].filter(
      ({ checkpointedAt, terminal, isKept }) =>
        isKept && terminal === undefined && now - checkpointedAt >= checkpointMs,
    );
    await Promise.all(due.map((stream) => sparing(() => this.#checkpoint(stream))));
    const oldest = Math.min(streamLog.horizon, ...Array.from(streams.values(), (stream) => stream.oldestGroup));
    if (incarnation !== streamLog.incarnation) return;
    if (this.#trimTo > 1) await store.trim(incarnation, Math.min(this.#trimTo, oldest));
    this.#trimTo = oldest;
  }

  async #checkpoint(stream: ResumableStream): Promise<void> {
    const { faults, store, streamLog, log } = this.#core;
    faults('in_checkpoint');
    const { record, request, contents, committed } = stream;
    const { incarnation, horizon } = streamLog;
    // Unlogged text is in no log either, so it is as good to keep it here first.
    let reply = await store.checkpoint(record, contents, committed);
    if (reply === 'unknown') {
      // A failover lost it, and not the log: nothing but this would make it known again. The claim comes first: once the
      // stream is known, nothing would repeat what failed.
      await keepClaim(this.#core, record);
      const stored = await store.adopt(record, record.owner, request);
      reply = stored < 0 ? 'not_mine' : await store.checkpoint(record, contents, committed);
    }
    // It may have come under a new incarnation, whose log is another; and a group that holds its end must be kept.
    if (streamLog.incarnation !== incarnation || stream.record !== record || stream.terminal !== undefined) return;
    if (reply === 'kept') stream.checkpointed(committed, horizon);
    if (reply !== 'not_mine') return;
    log.warn('5.3', 'A stream has another owner; it ends here', { thread_id: record.id });
    stream.leave();
  }
}

/** One stream or dead incarnation that fails must not keep the others from what is due. A store that is away fails all. */
async function sparing(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
  }
}
