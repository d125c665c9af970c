import { asWeirError, type WeirError } from '../../formats/error_code.ts';
import type { Answer } from '../provider/provider.ts';
import { logDefect } from '../record_stream.ts';
import type { Permit } from '../resilience/permit.ts';
import { Producer } from '../stream/producer.ts';
import { answerUsage } from '../usage/stream_usage.ts';
import type { DurableCore } from './durable_core.ts';
import { PlainText } from './plain_text.ts';
import type { Thread } from './thread.ts';

/** Between tries to write a thread's end while the store can't be reached. */
const FINISH_RETRY_MS = 500;
const FINISH_TRIES = 600;

/**
 * Produces a thread to its end, whether anybody reads it or not; never rejects. The order at the end: commit, slot,
 * thread record, readers; each step can be repeated by whoever takes over.
 */
export async function produceThread(
  core: DurableCore,
  thread: Thread,
  permit: Permit,
  opening: Promise<Answer>,
  startedAt: number,
): Promise<void> {
  try {
    await produce(core, thread, permit, opening, startedAt);
  } catch (error) {
    await failThread(core, thread, asWeirError(error));
  }
}

/** A defect ends its own stream, and no other: with an error where that can still be said. Never rejects. */
async function failThread(core: DurableCore, thread: Thread, error: WeirError): Promise<void> {
  const { id } = thread.record;
  logDefect(core.log, id, error);
  thread.abort.abort(error);
  try {
    if (thread.terminal === undefined) {
      const { contents } = thread;
      const delivered = [...contents.join('')].length;
      await thread.logEnd(() => thread.encoder.error(contents.length + 1, error, delivered));
      await finish(core, thread);
    }
    if (!thread.gone) thread.deliverEnd();
  } catch (again) {
    logDefect(core.log, id, asWeirError(again));
    thread.leave();
  }
  if (core.threads.get(id) === thread) core.threads.delete(id);
}

async function produce(
  core: DurableCore,
  thread: Thread,
  permit: Permit,
  opening: Promise<Answer>,
  startedAt: number,
): Promise<void> {
  await using _ = permit;
  const { userId, id } = thread.record;
  core.observer.opened();
  const producer = new Producer(new PlainText(thread.encoder), core.observer, startedAt, thread.contents);
  producer.attach(thread);
  thread.onRoom = producer.resume;
  thread.onDetached = (detached) => void permit.setDetached(detached);
  // Taken over, it may wait for a reader that never comes; opened anew, its client is about to read.
  if (thread.record.epoch > 1 && thread.readers.size === 0) thread.onDetached(true);
  permit.onLost((error) => thread.abort.abort(error));

  const ending = await producer.run(opening, thread.abort.signal);
  let outcome: 'ok' | WeirError['code'] = ending.ok ? 'ok' : ending.error.code;
  if (!ending.ok) {
    thread.abort.abort(ending.error);
    logDefect(core.log, id, ending.error);
  }
  thread.span?.answered(producer.answered(ending));
  if (!thread.gone) await thread.logEnd(() => producer.lastFrame(ending));
  let stored: boolean | undefined = false;
  if (!thread.gone) {
    await permit.release();
    stored = await finish(core, thread);
  }
  const isLost = stored === false || (stored === undefined && thread.gone);
  if (isLost) {
    thread.leave();
    outcome = 'producer_lost';
    thread.span?.event('handover');
    // Whoever goes on with it holds the slot, under the same name.
    permit.forget();
  } else thread.deliverEnd();
  if (stored === undefined && !isLost) void finishLater(core, thread);
  else removeThread(core, thread);
  const ms = performance.now() - startedAt;
  const { provider, model, promptLength } = thread.record;
  core.observer.closed(outcome, provider, ms);
  if (!isLost) {
    const asked = thread.request?.model;
    const route = asked === model ? undefined : asked;
    const usage = answerUsage(ending.ok ? ending.end : undefined, () => promptLength, producer.length);
    core.recordUsage({ userId, provider, model, route, outcome, usage });
  }
  thread.span?.end(outcome, thread.record);
  core.log.info('6', 'Stream ended', {
    user_id: userId,
    thread_id: id,
    outcome,
    provider,
    duration_ms: Math.round(ms),
  });
}

/**
 * Writes the end to the thread's record; without the store it is delivered all the same, and written when it is back.
 * @returns false where the thread is another's; undefined where the store does not answer
 */
async function finish(core: DurableCore, thread: Thread): Promise<boolean | undefined> {
  core.faults('in_finish');
  return core.wal.answering ? await write(core, thread).catch(() => undefined) : undefined;
}

async function write({ store }: DurableCore, thread: Thread): Promise<boolean> {
  for (;;) {
    const { record, contents, terminal } = thread;
    // Refused to the old boot, where it comes under a new one meanwhile.
    if (await store.finish(record, contents, terminal as string)) return true;
    if (thread.gone || thread.record === record) return false;
  }
}

/** Until then it stays among this instance's threads: it is read here, and its text stays in the log. */
async function finishLater(core: DurableCore, thread: Thread): Promise<void> {
  for (let tries = 0; tries < FINISH_TRIES && !thread.gone; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, FINISH_RETRY_MS).unref());
    if (thread.gone || (await write(core, thread).catch(() => undefined)) !== undefined) break;
  }
  removeThread(core, thread);
}

function removeThread({ threads }: DurableCore, thread: Thread): void {
  if (threads.get(thread.record.id) === thread) threads.delete(thread.record.id);
}
