import { asWeirError, type WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import type { RouteTarget } from '../routing/selected_route.ts';
import type { Encoder } from '../stream/encoder.ts';
import { logDefect } from '../stream/record_stream.ts';
import { Relay } from '../stream/relay.ts';
import { continueStream } from '../stream/run_stream.ts';
import type { ResumableDelivery } from '../stream/stream_exchange.ts';
import type { TranscriptSummary } from '../stream/transcript.ts';
import type { AnswerEnd, PartAnswer } from '../upstream/upstream.ts';
import type { DurableCore } from './durable_core.ts';
import { keepRun, keepTarget } from './keep_run.ts';
import type { Thread } from './thread.ts';

/** Between tries to write a thread's end while the store can't be reached. */
const FINISH_RETRY_MS = 500;
const FINISH_TRIES = 600;

/**
 * The delivery of a resumable stream: its log, which its readers follow. The order at the end: commit, slot, thread
 * record, readers; each step can be repeated by an instance that takes over.
 */
export class ThreadDelivery implements ResumableDelivery {
  readonly abort: AbortController;
  readonly #core: DurableCore;
  readonly #thread: Thread;
  readonly #permit: Permit;
  readonly #startedAt: number;

  /** @param startedAt when the request came, by `performance.now()` */
  constructor(core: DurableCore, thread: Thread, permit: Permit, startedAt: number) {
    this.abort = thread.abort;
    this.#core = core;
    this.#thread = thread;
    this.#permit = permit;
    this.#startedAt = startedAt;
  }

  readonly keepRun = (run: string): Promise<void> => keepRun(this.#core, this.#thread, run);

  readonly keepTarget = (target: RouteTarget): Promise<void> => keepTarget(this.#core, this.#thread, target);

  open(): Relay {
    const thread = this.#thread;
    const { observer } = this.#core;
    const relay = new Relay(new PlainText(thread.encoder), observer, this.#startedAt, undefined, thread.contents);
    relay.attach(thread);
    thread.onRoom = relay.resume;
    thread.onDetached = (detached) => void this.#permit.setDetached(detached);
    // Taken over, it may wait for a reader that never comes; opened anew, its client is about to read.
    if (thread.record.epoch > 1 && thread.readers.size === 0) thread.onDetached(true);
    thread.open();
    return relay;
  }

  notice(notice: NoticeEvent): void {
    this.#thread.notice(notice);
  }

  async end(_: unknown, frame: () => string): Promise<boolean> {
    const core = this.#core;
    const thread = this.#thread;
    if (!thread.gone) await thread.logEnd(frame);
    let stored: boolean | undefined = false;
    if (!thread.gone) {
      await this.#permit.release();
      stored = await finish(core, thread);
    }
    const isLost = stored === false || (stored === undefined && thread.gone);
    if (isLost) {
      thread.leave();
      // The instance that goes on with it holds the slot, under the same name.
      this.#permit.forget();
    } else thread.deliverEnd();
    if (stored === undefined && !isLost) void finishLater(core, thread);
    else removeThread(core, thread);
    return !isLost;
  }

  close(): void {}

  async refuse(error: unknown): Promise<boolean> {
    const { threads, store } = this.#core;
    const thread = this.#thread;
    const { record } = thread;
    const isTaken = thread.gone;
    if (!isTaken) thread.refuse(error);
    thread.leave();
    if (threads.get(record.id) === thread) threads.delete(record.id);
    // Where another instance has it meanwhile, record and slot are that one's.
    if (isTaken) this.#permit.forget();
    await this.#permit.release();
    if (!isTaken) await store.discard(record).catch(() => {});
    return !isTaken;
  }

  /** A defect ends its own stream, and no other: with an error where that can still be said. */
  async fail(error: WeirError): Promise<void> {
    const core = this.#core;
    const thread = this.#thread;
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
    removeThread(core, thread);
  }
}

/** Goes on with a thread that was taken over, to its end, also while no client reads it; never rejects. */
export function continueThread(
  core: DurableCore,
  thread: Thread,
  permit: Permit,
  answer: Promise<PartAnswer>,
  startedAt: number,
): Promise<void> {
  const { id: threadId, userId } = thread.record;
  const asked = thread.request?.model;
  const stream = {
    userId,
    threadId,
    startedAt,
    span: thread.span,
    answer,
    // A failover, before that instance died, changed both.
    routeName: asked === thread.record.model ? undefined : asked,
    opening: {
      get target() {
        return thread.record;
      },
    },
    lengths: { prompt: () => thread.record.promptLength, body: 0 },
  };
  return continueStream(core, stream, new ThreadDelivery(core, thread, permit, startedAt), permit);
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

/** The log holds plain text; each reader's frames are made of it when they are sent. The end is a frame already. */
export class PlainText implements Encoder {
  readonly wantsParts = false;
  readonly heartbeat: string;
  readonly #encoder: Encoder;

  constructor(encoder: Encoder) {
    this.#encoder = encoder;
    this.heartbeat = encoder.heartbeat;
  }

  status(seq: number): string {
    return this.#encoder.status(seq);
  }

  chunk(_seq: number, text: string): string {
    return text;
  }

  /** Its log holds no parts yet. */
  part(): string {
    return '';
  }

  notice(notice: NoticeEvent): string {
    return this.#encoder.notice(notice);
  }

  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string {
    return this.#encoder.complete(seq, summary, end, durationMs);
  }

  error(seq: number, error: WeirError, delivered: number): string {
    return this.#encoder.error(seq, error, delivered);
  }
}
