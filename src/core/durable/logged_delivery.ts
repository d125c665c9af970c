import { asWeirError, type WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import type { RouteTarget } from '../routing/selected_route.ts';
import { logDefect } from '../stream/record_stream.ts';
import { type BytesRelayed, Relay } from '../stream/relay.ts';
import { continueStream } from '../stream/run_stream.ts';
import type { ResumableDelivery } from '../stream/stream_exchange.ts';
import type { Answer, PartAnswer } from '../upstream/upstream.ts';
import type { DurableCore } from './durable_core.ts';
import { keepClaim, keepRun, keepTarget } from './keep_run.ts';
import type { ResumedStream } from './log_format.ts';
import type { ResumableStream } from './resumable_stream.ts';

/** Between tries to write a stream's end while the store can't be reached. */
const FINISH_RETRY_MS = 500;
const FINISH_TRIES = 600;

/**
 * The delivery of a resumable stream: its log, which its readers follow. The order at the end: commit, slot, stream
 * record, readers; each step can be repeated by an instance that takes over.
 */
export class LoggedDelivery implements ResumableDelivery {
  readonly abort: AbortController;
  readonly #core: DurableCore;
  readonly #stream: ResumableStream;
  readonly #permit: Permit;
  readonly #startedAt: number;
  readonly #before: ResumedStream;
  readonly #bytes: BytesRelayed | undefined;

  /**
   * @param startedAt when the request came, by `performance.now()`
   * @param before what was said, and what writes the rest
   * @param bytes how the upstream's bytes are relayed, where they may be
   */
  constructor(
    core: DurableCore,
    stream: ResumableStream,
    permit: Permit,
    startedAt: number,
    before: ResumedStream,
    bytes?: BytesRelayed,
  ) {
    this.#before = before;
    this.#bytes = bytes;
    this.abort = stream.abort;
    this.#core = core;
    this.#stream = stream;
    this.#permit = permit;
    this.#startedAt = startedAt;
  }

  readonly keepRun = (run: string): Promise<void> => keepRun(this.#core, this.#stream, run);

  readonly keepTarget = (target: RouteTarget): Promise<void> => keepTarget(this.#core, this.#stream, target);

  open(first: Answer | undefined): Relay {
    const stream = this.#stream;
    const { encoder, texts } = this.#before;
    const seq = stream.contents.length;
    const relay = new Relay(encoder, this.#core.observer, this.#startedAt, this.#bytes, { texts, seq });
    // A response in the background is queued before its upstream has answered.
    const isQueued = stream.record.background === true && seq === 0;
    relay.attach(stream, seq === 0 && !isQueued);
    if (isQueued) stream.write(encoder.status(0));
    if (first?.headers) stream.headers = first.headers;
    stream.onRoom = relay.resume;
    if (!stream.record.background) stream.onDetached = (detached) => void this.#permit.setDetached(detached);
    // Taken over, it may wait for a reader that never comes; opened anew, its client is about to read.
    if (stream.record.epoch > 1 && stream.readers.size === 0) stream.onDetached(true);
    stream.open();
    return relay;
  }

  notice(notice: NoticeEvent): void {
    this.#stream.notice(notice);
  }

  async end(_: unknown, frame: () => string): Promise<boolean> {
    const core = this.#core;
    const stream = this.#stream;
    if (!stream.gone) await stream.logEnd(frame);
    let stored: boolean | undefined = false;
    if (!stream.gone) {
      await this.#permit.release();
      stored = await finish(core, stream);
    }
    const isLost = stored === false || (stored === undefined && stream.gone);
    if (isLost) {
      stream.leave();
      // The instance that goes on with it holds the slot, under the same name.
      this.#permit.forget();
    } else stream.deliverEnd();
    if (stored === undefined && !isLost) void finishLater(core, stream);
    else removeResumable(core, stream);
    return !isLost;
  }

  close(): void {}

  async refuse(error: unknown): Promise<boolean> {
    const { streams, store } = this.#core;
    const stream = this.#stream;
    const { record } = stream;
    const isTaken = stream.gone;
    if (!isTaken) stream.refuse(error);
    stream.leave();
    if (streams.get(record.id) === stream) streams.delete(record.id);
    // Where another instance has it meanwhile, record and slot are that one's.
    if (isTaken) this.#permit.forget();
    await this.#permit.release();
    if (!isTaken) await store.discard(record).catch(() => {});
    return !isTaken;
  }

  /** A defect ends its own stream, and no other: with an error where that can still be said. */
  async fail(error: WeirError): Promise<void> {
    const core = this.#core;
    const stream = this.#stream;
    const { id } = stream.record;
    logDefect(core.log, id, error);
    stream.abort.abort(error);
    try {
      if (stream.terminal === undefined) {
        const { contents, record } = stream;
        const delivered = record.log === undefined ? [...contents.join('')].length : 0;
        await stream.logEnd(() => this.#before.encoder.error(contents.length + 1, error, delivered));
        await finish(core, stream);
      }
      if (!stream.gone) stream.deliverEnd();
    } catch (again) {
      logDefect(core.log, id, asWeirError(again));
      stream.leave();
    }
    removeResumable(core, stream);
  }
}

/** Goes on with a stream that was taken over, to its end, also while no client reads it; never rejects. */
export function continueResumable(
  core: DurableCore,
  stream: ResumableStream,
  permit: Permit,
  answer: Promise<PartAnswer>,
  startedAt: number,
  before: ResumedStream,
): Promise<void> {
  const { id: threadId, userId } = stream.record;
  const { request } = stream;
  const asked = request && 'model' in request ? request.model : undefined;
  const rest = {
    userId,
    threadId,
    startedAt,
    span: stream.span,
    answer,
    // A failover, before that instance died, changed both.
    routeName: stream.record.route ?? (asked === stream.record.model ? undefined : asked),
    opening: {
      get target() {
        return stream.record;
      },
    },
    lengths: { prompt: () => stream.record.promptLength, body: 0 },
  };
  return continueStream(core, rest, new LoggedDelivery(core, stream, permit, startedAt, before), permit);
}

/**
 * Writes the end to the stream's record; without the store it is delivered all the same, and written when it is back.
 * @returns false where the stream is another's; undefined where the store does not answer
 */
async function finish(core: DurableCore, stream: ResumableStream): Promise<boolean | undefined> {
  if (!stream.isKept) {
    // The store may have been away when it was let go.
    await core.store.discard(stream.record).catch(() => {});
    return true;
  }
  core.faults('in_finish');
  return core.streamLog.answering ? await write(core, stream).catch(() => undefined) : undefined;
}

async function write({ store }: DurableCore, stream: ResumableStream): Promise<boolean> {
  for (;;) {
    const { record, contents, terminal } = stream;
    // Refused to the old incarnation, where it comes under a new one meanwhile.
    if (await store.finish(record, contents, terminal as string)) return true;
    if (stream.gone || stream.record === record) return false;
  }
}

/** Until then it stays among this instance's streams: it is read here, and its text stays in the log. */
async function finishLater(core: DurableCore, stream: ResumableStream): Promise<void> {
  for (let tries = 0; tries < FINISH_TRIES && !stream.gone; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, FINISH_RETRY_MS).unref());
    const stored = stream.gone ? false : await write(core, stream).catch(() => undefined);
    // The store may have come back empty.
    if (stored) await keepClaim(core, stream.record).catch(() => {});
    if (stored !== undefined) break;
  }
  removeResumable(core, stream);
}

function removeResumable({ streams }: DurableCore, stream: ResumableStream): void {
  if (streams.get(stream.record.id) === stream) streams.delete(stream.record.id);
}
