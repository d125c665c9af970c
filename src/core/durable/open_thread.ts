import { WeirError } from '../../formats/error_code.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { SpanTarget, StreamSpan, TraceContext } from '../observe/stream_span.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import { runStream } from '../stream/run_stream.ts';
import type { ResumableDelivery, StreamExchange } from '../stream/stream_exchange.ts';
import { addThread, type DurableCore } from './durable_core.ts';
import { claimKey, type KeyedRequest } from './key_claim.ts';
import type { Located } from './locate_thread.ts';
import { whileAway } from './store_unavailable.ts';
import type { Thread } from './thread.ts';
import { ThreadDelivery } from './thread_delivery.ts';
import type { ThreadRecord } from './thread_record.ts';

/** A resumable stream's request; `userId` may use `key` once, and repeats of the same body attach. */
export interface ThreadExchange extends StreamExchange, Pick<KeyedRequest, 'onRepeat'> {
  /** The request, as it is kept for an instance that takes over. */
  kept: StreamRequest;
  /** The client chose the thread's id itself, so it may be known already. */
  ownId: boolean;
  idempotency: KeyedRequest['idempotency'] | undefined;
}

/** Said to a client whose stream is served as a plain one. */
const NOT_RESUMABLE = {
  kind: 'not_resumable',
  message: 'The stream log cannot be reached now; this stream would not survive its instance.',
};

/**
 * Opens a resumable stream: claims the key, and has the stream run with a log. It then runs by itself, and its client is
 * one reader among others.
 * @returns where to read; undefined when it was served as a plain stream, because the log could not be reached
 * @throws WeirError
 */
export async function openThread(core: DurableCore, exchange: ThreadExchange): Promise<Located | undefined> {
  const { threadId, idempotency } = exchange;
  const plain = { ...exchange, notice: NOT_RESUMABLE };
  if (!core.wal.answering) {
    withoutLog(core, exchange, 'the stream log did not answer a moment ago');
    await runStream(core, plain);
    return undefined;
  }
  const claim = idempotency && (await claimKey(core, { ...exchange, idempotency }));
  if (claim?.kind === 'repeat') return claim.located;
  const giveBack = claim?.kind === 'mine' ? claim.giveBack : undefined;
  try {
    if (exchange.ownId && (await knownThread(core, threadId))) throw new WeirError('thread_in_use');
    let thread: Thread | undefined;
    const resumable = async (permit: Permit, span: StreamSpan | undefined): Promise<ResumableDelivery | undefined> => {
      const [target] = exchange.route.targets;
      const facts = { permitId: permit.slot.permitId, target, trace: span?.context };
      const { record, created } = await create(core, exchange, facts, claim?.kind !== 'unknown');
      if (created) {
        thread = addThread(core, record, exchange.kept, span);
        return new ThreadDelivery(core, thread, permit, exchange.startedAt);
      }
      if (created === false) throw new WeirError('thread_in_use');
      core.wal.gotNoAnswer();
      // Perhaps only the answer was lost.
      void core.store.discard(record).catch(() => {});
      void giveBack?.();
      withoutLog(core, exchange, 'the stream log did not answer');
      return undefined;
    };
    await runStream(core, { ...plain, resumable });
    return thread && { threadId, producer: core.instance, kind: 'source', source: thread };
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

/** Nothing can be kept now: a plain stream that says so. @throws WeirError where the deployment wants a refusal then */
function withoutLog(core: DurableCore, { userId, threadId }: ThreadExchange, reason: string): void {
  if (core.strict) throw new WeirError('service_unavailable', { details: { reason: 'redis' }, retryAfter: 2 });
  core.log.warn('5.2', 'Stream is not resumable', { user_id: userId, thread_id: threadId, reason });
  core.observer.wentUnlogged();
}

async function knownThread(core: DurableCore, threadId: string): Promise<boolean> {
  if (core.threads.has(threadId)) return true;
  return (await core.store.read(threadId).catch(whileAway(() => undefined))) !== undefined;
}

/** @returns `created` is false where the id is known, and undefined where the store does not answer */
async function create(core: DurableCore, exchange: ThreadExchange, facts: RecordFacts, isClaimed: boolean) {
  for (;;) {
    const record = newRecord(core, exchange, facts);
    if (!isClaimed) return { record, created: undefined };
    const created = await core.store.create(record, exchange.kept).catch(whileAway(() => undefined));
    // Fenced meanwhile: its frames would lie in another log than the record says.
    if (!created || record.owner === core.wal.boot) return { record, created };
    await core.store.discard(record).catch(() => {});
  }
}

interface RecordFacts {
  permitId: string;
  /** The target that is asked first. */
  target: SpanTarget;
  trace: TraceContext | undefined;
}

function newRecord(
  core: DurableCore,
  exchange: ThreadExchange,
  { permitId, target: { provider, model }, trace }: RecordFacts,
): ThreadRecord {
  return {
    id: exchange.threadId,
    owner: core.wal.boot,
    number: core.wal.enroll(),
    epoch: 1,
    ends: [],
    state: 'running',
    checkpoint: 0,
    takeovers: 0,
    userId: exchange.userId,
    token: core.newToken(),
    permitId,
    provider,
    model,
    instance: core.instance,
    promptLength: exchange.lengths.prompt(),
    ...(trace ? { trace } : {}),
    createdAt: Math.round(core.clock.now()),
  };
}
