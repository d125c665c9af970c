import { continueAnswer } from './continue_answer.ts';
import { addThread, type DurableCore } from './durable_core.ts';
import { produceThread } from './produce_thread.ts';
import type { ThreadRecord, ThreadText } from './thread_record.ts';

/**
 * Goes on with a thread of a dead owner, whose log must be sealed: nothing can be added to it, so what it holds is what
 * clients can have. One of many who try gets it; the others find it owned. Never rejects for that.
 */
export function takeOver(core: DurableCore, record: ThreadRecord): Promise<void> {
  const running = core.takingOver.get(record.id);
  if (running) return running;
  const work = adoptThread(core, record)
    .catch((error: unknown) => {
      core.log.warn('5.3', 'A stream could not be taken over', { thread_id: record.id, reason: String(error) });
    })
    .finally(() => core.takingOver.delete(record.id));
  core.takingOver.set(record.id, work);
  return work;
}

async function adoptThread(core: DurableCore, record: ThreadRecord): Promise<void> {
  core.faults('after_seal');
  const { store } = core;
  const { contents, terminal, checkpoint } = await recoverText(core, record);
  const dead = { ...record, checkpoint };
  const rest = contents.slice(checkpoint);
  if (terminal !== undefined) {
    await store.finish(dead, checkpoint + 1, rest, terminal);
    // Whoever holds a slot gives it back; the dead can't.
    await using _ = await core.pool.adoptConnection(record.userId, record.permitId, record.id);
    return;
  }
  // Before the change of owner: whoever comes after us reads our log, not the dead one's.
  if (rest.length > 0 && !(await store.checkpoint(dead, checkpoint + 1, rest))) return;
  const next: ThreadRecord = {
    ...record,
    owner: core.wal.boot,
    number: core.wal.enroll(),
    epoch: record.epoch + 1,
    ends: [...record.ends, contents.length],
    checkpoint: contents.length,
    takeovers: record.takeovers + 1,
  };
  const request = await store.readRequest(record.id);
  if ((await store.adopt(next, record.owner, request)) < 0) return;
  core.faults('after_adopt');
  const permit = await core.pool.adoptConnection(record.userId, record.permitId, record.id);
  const thread = addThread(core, next, request, contents);
  const { id, epoch, userId } = next;
  const about = { thread_id: id, user_id: userId, epoch, from: record.owner, chunks: contents.length };
  core.log.info('5.3', 'Stream taken over', about);
  core.observer.tookOver();
  const startedAt = performance.now() - (Date.now() - record.createdAt);
  void produceThread(core, thread, permit, continueAnswer(core, thread), startedAt);
}

/** Checkpointed text, and what the sealed log holds after it. */
async function recoverText(core: DurableCore, record: ThreadRecord): Promise<ThreadText & { checkpoint: number }> {
  const { contents } = await core.store.readText(record.id);
  const checkpoint = contents.length;
  let terminal: string | undefined;
  const log = await core.deadLogs.read(record.owner);
  for (const { seq, kind, text } of log.get(record.number) ?? []) {
    if (kind === 'terminal') terminal = text;
    else if (seq === contents.length + 1) contents.push(text);
  }
  return { contents, terminal, checkpoint };
}
