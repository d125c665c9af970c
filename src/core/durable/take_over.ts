import { continueAnswer } from './continue_answer.ts';
import { addResumable, type DurableCore, type Takeover } from './durable_core.ts';
import { type LogFormat, logFormatOf } from './log_format.ts';
import { continueResumable } from './logged_delivery.ts';
import type { KeptText, ResumableRecord } from './resumable_record.ts';
import type { ResumableStream } from './resumable_stream.ts';

const ADOPT_TRIES = 50;
const ADOPT_RETRY_MS = 200;
/** Between tries to take over the same stream, as long as they fail. */
const FAILED_FIRST_MS = 100;
const FAILED_LONGEST_MS = 2_000;
const FAILED_FORGET_MS = 60_000;

/**
 * Goes on with a stream of a dead owner, whose log must be sealed: nothing can be added to it, so what it holds is what
 * clients can have. One of many who try gets it; the others find it owned. Never rejects.
 * @returns false where it failed, or has failed and is not due again
 */
export async function takeOver(core: DurableCore, record: ResumableRecord): Promise<boolean> {
  const format = logFormatOf(core.formats, record);
  // A newer instance goes on with it.
  if (!format) return false;
  const takeover = core.takingOver.get(record.id) ?? {
    work: undefined,
    failures: 0,
    notBefore: 0,
    isUnanswered: false,
  };
  if (takeover.work) return takeover.work;
  if (performance.now() < takeover.notBefore) return false;
  core.takingOver.set(record.id, takeover);
  takeover.work = tryOnce(core, record, format, takeover);
  return takeover.work;
}

async function tryOnce(
  core: DurableCore,
  record: ResumableRecord,
  format: LogFormat,
  takeover: Takeover,
): Promise<boolean> {
  try {
    await adoptResumable(core, record, format, takeover);
    core.takingOver.delete(record.id);
    return true;
  } catch (error) {
    // What fails for long is one line.
    if (takeover.failures === 0) {
      core.log.warn('5.3', 'A stream could not be taken over', { thread_id: record.id, reason: String(error) });
    }
    takeover.failures += 1;
    const waitMs = backOffMs(takeover.failures, FAILED_FIRST_MS, FAILED_LONGEST_MS);
    takeover.notBefore = performance.now() + waitMs;
    takeover.work = undefined;
    forgetLater(core, record.id, takeover);
    return false;
  }
}

/** Doubles with each failed try, up to `longestMs`; half of it is chance, so that those who wait do not go in step. */
export function backOffMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** Forgets failures that were not followed by others. One that may have been stored is kept until its store answers. */
function forgetLater(core: DurableCore, threadId: string, takeover: Takeover): void {
  const { failures } = takeover;
  setTimeout(() => {
    if (takeover.failures !== failures || takeover.work) return;
    if (takeover.isUnanswered) forgetLater(core, threadId, takeover);
    else core.takingOver.delete(threadId);
  }, FAILED_FORGET_MS).unref();
}

async function adoptResumable(
  core: DurableCore,
  record: ResumableRecord,
  format: LogFormat,
  takeover: Takeover,
): Promise<void> {
  // Another request here was faster; and a fenced instance has no log to go on in.
  if (core.streams.get(record.id)?.gone === false || core.streamLog.fenced) return;
  core.faults('after_seal');
  const { store } = core;
  const { contents: found, terminal, checkpoint } = await recoverText(core, record);
  const dead = { ...record, checkpoint };
  if (terminal !== undefined) {
    await store.finish(dead, found, terminal);
    // The slot is adopted to be released: its dead owner can't.
    await using _ = await core.pool.adoptConnection(record.userId, record.permitId, record.id);
    return;
  }
  // Before the change of owner: the next owner reads our log, not the dead one's.
  if (found.length > checkpoint && (await store.checkpoint(dead, found, found.length)) !== 'kept') return;
  const isDeath = record.owner !== core.streamLog.incarnation && !(await store.isRetired(record.owner));
  const span = beginSpan(core, record, format);
  const number = core.streamLog.enroll();
  const request = await store.readRequest(record.id);
  let contents = found;
  let next: ResumableRecord;
  for (;;) {
    next = {
      ...record,
      owner: core.streamLog.incarnation,
      number,
      epoch: record.epoch + 1,
      ends: [...record.ends, contents.length],
      checkpoint: contents.length,
      takeovers: record.takeovers + (isDeath ? 1 : 0),
      ...(span ? { trace: span.context } : {}),
    };
    const { owner } = record;
    takeover.isUnanswered = true;
    const stored = await surely(() => store.adopt(next, owner, request));
    takeover.isUnanswered = false;
    if (stored < 0) return;
    if (stored <= contents.length) break;
    // An owner that only slept may have kept unlogged text meanwhile, which its clients have. From now on it can't any more.
    const kept = (await store.readText(record.id)).contents;
    if (kept.length <= contents.length) break;
    contents = kept;
  }
  core.faults('after_adopt');
  // Fenced meanwhile: what is logged from now on lies in another log than the record says.
  if (core.streamLog.incarnation !== next.owner) return adoptResumable(core, next, format, takeover);
  const permit = await core.pool.adoptConnection(record.userId, record.permitId, record.id);
  const stream: ResumableStream = addResumable(core, { record: next, format, request, span, before: contents });
  const before = format.resume(contents, next, request, () => stream.record);
  const { id, epoch, userId } = next;
  const about = { thread_id: id, user_id: userId, epoch, from: record.owner, chunks: contents.length };
  core.log.info('5.3', 'Stream taken over', about);
  core.observer.tookOver();
  span?.event('takeover', { from: record.owner, chunks: contents.length });
  const startedAt = performance.now() - (core.clock.now() - record.createdAt);
  void continueResumable(core, stream, permit, continueAnswer(core, stream, format, before), startedAt, before);
}

/** In the trace of the dead instance's span, which may never have been sent. Unless it is ended, it is not sent either. */
function beginSpan({ tracer }: DurableCore, record: ResumableRecord, { endpoint }: LogFormat) {
  const { id: threadId, trace } = record;
  const startedAt = performance.now();
  const common = { endpoint, target: record, route: undefined, threadId, stream: true, startedAt } as const;
  return tracer?.begin({ ...common, parent: trace, link: trace });
}

/** An owner must know that it is one: a step whose answer was lost is repeated, else the stream would have no owner. */
async function surely<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (tries === ADOPT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, ADOPT_RETRY_MS));
    }
  }
}

/** Checkpointed text, and what the sealed log holds after it. */
async function recoverText(core: DurableCore, record: ResumableRecord): Promise<KeptText & { checkpoint: number }> {
  const { contents } = await core.store.readText(record.id);
  const checkpoint = contents.length;
  let terminal: string | undefined;
  // Ours already, by an adoption whose answer was lost: nothing has been logged of it.
  if (record.owner === core.streamLog.incarnation) return { contents, terminal, checkpoint };
  const log = await core.deadLogs.read(record.owner);
  for (const { seq, kind, text } of log.get(record.number)?.records ?? []) {
    // It is checkpointed already; or it follows text that the store has lost, and fits to nothing.
    if (seq !== contents.length + 1) continue;
    if (kind === 'terminal') terminal = text;
    else contents.push(text);
  }
  return { contents, terminal, checkpoint };
}
