import { WeirError } from '../../formats/error_code.ts';
import { handleStream, headOrPatience, type StreamExchange } from '../handle_stream.ts';
import type { SpanTarget, TraceContext } from '../observe/stream_span.ts';
import { onFailover } from '../routing/failover_notice.ts';
import { addThread, type DurableCore } from './durable_core.ts';
import { keepRun } from './keep_run.ts';
import { keepTarget } from './keep_target.ts';
import { claimKey, type KeyedRequest } from './key_claim.ts';
import type { Located } from './locate_thread.ts';
import { produceThread } from './produce_thread.ts';
import { whileAway } from './store_unavailable.ts';
import type { ThreadRecord } from './thread_record.ts';

/** A resumable stream's request; `userId` may use `key` once, and repeats of the same body attach. */
export interface ThreadExchange extends StreamExchange, Pick<KeyedRequest, 'onRepeat'> {
  /** The client chose the thread's id itself, so it may be known already. */
  ownId: boolean;
  idempotency: KeyedRequest['idempotency'] | undefined;
}

/**
 * The path of a resumable request up to its head: claim, slot, record, provider. The stream then runs by itself, and
 * its client is one reader among others.
 * @returns where to read; undefined when it was served as a plain stream, because the log could not be reached
 * @throws WeirError
 */
export async function openThread(core: DurableCore, exchange: ThreadExchange): Promise<Located | undefined> {
  const { route, request, userId, threadId, idempotency, startedAt } = exchange;
  if (!core.wal.answering) return withoutLog(core, exchange, 'the stream log did not answer a moment ago');
  const claim = idempotency && (await claimKey(core, { ...exchange, idempotency }));
  if (claim?.kind === 'repeat') return claim.located;
  const giveBack = claim?.kind === 'mine' ? claim.giveBack : undefined;
  try {
    if (exchange.ownId && (await knownThread(core, threadId))) throw new WeirError('thread_in_use');
    if (exchange.admit) await exchange.admit();
    const permit = await core.pool.acquireConnection(userId, threadId);
    const [target] = route.targets;
    // One that is not ended is not sent: what is served as a plain stream after all has a span of its own.
    const span = core.tracer?.begin({ ...exchange.trace, target, route: route.name, threadId, startedAt });
    const facts = { permitId: permit.slot.permitId, target, trace: span?.context };
    const creating = create(core, exchange, facts, claim?.kind !== 'unknown');
    const { record, created } = await creating.catch(async (error) => {
      await permit.release();
      throw error;
    });
    if (created === undefined) {
      core.wal.gotNoAnswer();
      await permit.release();
      // Perhaps only the answer was lost.
      void core.store.discard(record).catch(() => {});
      void giveBack?.();
      // It was counted already.
      return withoutLog(core, { ...exchange, admit: undefined }, 'the stream log did not answer');
    }
    const thread = created ? addThread(core, record, request, span) : undefined;
    try {
      if (!thread) throw new WeirError('thread_in_use');
      const opening = core.routing.open(
        route,
        request,
        { threadId, userId, signal: thread.abort.signal, span },
        (run) => keepRun(core, thread, run),
        (target) => keepTarget(core, thread, target),
      );
      await headOrPatience(opening.head, core.wheel);
      thread.open();
      onFailover(opening, (notice) => thread.notice(notice));
      core.log.info('5.2', 'Starting stream', {
        user_id: userId,
        thread_id: threadId,
        provider: opening.target.provider,
        model: opening.target.model,
        resumable: true,
      });
      void produceThread(core, thread, permit, opening.answer, startedAt);
      return { threadId, producer: core.instance, kind: 'source', source: thread };
    } catch (error) {
      const isTaken = thread?.gone ?? false;
      if (!isTaken) thread?.refuse(error);
      if (thread) span?.end(error instanceof WeirError ? error.code : 'internal_error', record);
      thread?.leave();
      if (core.threads.get(threadId) === thread) core.threads.delete(threadId);
      // Where another instance has it meanwhile, record and slot are that one's.
      if (isTaken) permit.forget();
      await permit.release();
      if (created && !isTaken) await core.store.discard(record).catch(() => {});
      throw error;
    }
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

/** Nothing can be kept now: a plain stream that says so, or a refusal where the deployment wants that. */
async function withoutLog(core: DurableCore, exchange: ThreadExchange, reason: string): Promise<undefined> {
  if (core.strict) throw new WeirError('service_unavailable', { details: { reason: 'redis' }, retryAfter: 2 });
  const { userId, threadId } = exchange;
  core.log.warn('5.2', 'Stream is not resumable', { user_id: userId, thread_id: threadId, reason });
  core.observer.wentUnlogged();
  await handleStream(core, exchange);
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
    const created = await core.store.create(record, exchange.request).catch(whileAway(() => undefined));
    // Fenced meanwhile: its frames would lie in another log than the record says.
    if (!created || record.owner === core.wal.boot) return { record, created };
    await core.store.discard(record).catch(() => {});
  }
}

interface RecordFacts {
  permitId: string;
  /** Who is asked first. */
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
    promptLength: exchange.promptLength,
    ...(trace ? { trace } : {}),
    createdAt: Math.round(core.clock.now()),
  };
}
