import { WeirError } from '../../formats/error_code.ts';
import type { SpanTarget, StreamSpan, TraceContext } from '../observe/stream_span.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import { bytesRelayed } from '../stream/client_writer.ts';
import { runStream } from '../stream/run_stream.ts';
import type { ResumableDelivery, StreamExchange, WholeAnswer } from '../stream/stream_exchange.ts';
import { addResumable, type DurableCore } from './durable_core.ts';
import type { KeptRequest } from './kept_request.ts';
import { claimKey, type KeyedRequest } from './key_claim.ts';
import { type Located, place } from './locate_resumable.ts';
import { LOG_VERSION, type LogFormat } from './log_format.ts';
import { whileAway } from './log_store.ts';
import { LoggedDelivery } from './logged_delivery.ts';
import { NOT_RESUMABLE } from './resumable_notices.ts';
import type { ResumableRecord } from './resumable_record.ts';
import type { ResumableStream } from './resumable_stream.ts';

/** A resumable stream's request; `userId` may use `key` once, and repeats of the same body attach. */
export interface ResumableExchange extends StreamExchange, Pick<KeyedRequest, 'onRepeat' | 'wish'> {
  /** The name of the client's format in {@link DurableCore.formats}. */
  format: string;
  /** The request, as it is kept for an instance that takes over; undefined where it is too large. */
  kept: KeptRequest | undefined;
  /** See {@link ResumableRecord.background}. It is never served as a plain stream. */
  background?: boolean;
  /** The client chose the stream's id itself, so it may be known already. */
  ownId: boolean;
  idempotency: KeyedRequest['idempotency'] | undefined;
}

/**
 * Opens a resumable stream: claims the key, and has the stream run with a log. It then runs by itself, and its client is
 * one reader among others.
 * @returns where to read; what is to be sent where the answer is no stream; undefined when it was served as a plain
 *   stream, because the log could not be reached
 * @throws WeirError
 */
export async function openResumable(
  core: DurableCore,
  exchange: ResumableExchange,
): Promise<Located | (WholeAnswer & { kind: 'whole' }) | undefined> {
  const { threadId, idempotency } = exchange;
  const plain = { ...exchange, notice: NOT_RESUMABLE };
  if (!core.streamLog.answering) {
    withoutLog(core, exchange, 'the stream log did not answer a moment ago');
    return whole(await runStream(core, plain));
  }
  const claim = idempotency && (await claimKey(core, { ...exchange, idempotency }));
  if (claim?.kind === 'repeat') return claim.located;
  const giveBack = claim?.kind === 'mine' ? claim.giveBack : undefined;
  const format = core.formats.get(exchange.format) as LogFormat;
  try {
    if (exchange.ownId && (await isIdKnown(core, threadId))) throw new WeirError('thread_in_use');
    let stream: ResumableStream | undefined;
    const resumable = async (permit: Permit, span: StreamSpan | undefined): Promise<ResumableDelivery | undefined> => {
      const [target] = exchange.route.targets;
      const kept = claim?.kind === 'mine' ? claim.record : undefined;
      const facts = { permitId: permit.slot.permitId, target, trace: span?.context, claim: kept };
      const { record, created } = await create(core, exchange, facts, claim?.kind !== 'unknown');
      if (created) {
        const { kept: request, startedAt } = exchange;
        const made = addResumable(core, { record, format, request, span });
        stream = made;
        const before = format.resume([], record, request, () => made.record);
        return new LoggedDelivery(core, made, permit, startedAt, before, bytesRelayed(exchange));
      }
      if (created === false) throw new WeirError('thread_in_use');
      core.streamLog.gotNoAnswer();
      // Perhaps only the answer was lost.
      void core.store.discard(record).catch(() => {});
      void giveBack?.();
      withoutLog(core, exchange, 'the stream log did not answer');
      return undefined;
    };
    const said = await runStream(core, { ...plain, resumable });
    if (said) await giveBack?.();
    if (said || !stream) return whole(said);
    const source: ResumableStream = stream;
    return place(source, source.record, undefined);
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

function whole(answer: WholeAnswer | undefined) {
  return answer && { ...answer, kind: 'whole' as const };
}

/** Nothing can be kept now: a plain stream that says so. @throws WeirError where the deployment wants a refusal then */
function withoutLog(core: DurableCore, { userId, threadId, background }: ResumableExchange, reason: string): void {
  if (core.strict || background)
    throw new WeirError('service_unavailable', { details: { reason: 'redis' }, retryAfter: 2 });
  core.log.warn('5.2', 'Stream is not resumable', { user_id: userId, thread_id: threadId, reason });
  core.observer.wentUnlogged();
}

async function isIdKnown(core: DurableCore, threadId: string): Promise<boolean> {
  if (core.streams.has(threadId)) return true;
  return (await core.store.read(threadId).catch(whileAway(() => undefined))) !== undefined;
}

/** @returns `created` is false where the id is known, and undefined where the store does not answer */
async function create(core: DurableCore, exchange: ResumableExchange, facts: RecordFacts, isClaimed: boolean) {
  for (;;) {
    const record = newRecord(core, exchange, facts);
    if (!isClaimed) return { record, created: undefined };
    const created = await core.store.create(record, exchange.kept).catch(whileAway(() => undefined));
    // Fenced meanwhile: its frames would lie in another log than the record says.
    if (!created || record.owner === core.streamLog.incarnation) return { record, created };
    await core.store.discard(record).catch(() => {});
  }
}

interface RecordFacts {
  permitId: string;
  /** The target that is asked first. */
  target: SpanTarget;
  trace: TraceContext | undefined;
  claim: ResumableRecord['claim'];
}

function newRecord(
  core: DurableCore,
  exchange: ResumableExchange,
  { permitId, target: { provider, model }, trace, claim }: RecordFacts,
): ResumableRecord {
  const { format, route, background } = exchange;
  const versioned = format === 'text' ? {} : { log: LOG_VERSION, format, ...(route.name ? { route: route.name } : {}) };
  return {
    id: exchange.threadId,
    ...versioned,
    ...(background ? { background } : {}),
    owner: core.streamLog.incarnation,
    number: core.streamLog.enroll(),
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
    ...(claim ? { claim } : {}),
    createdAt: Math.round(core.clock.now()),
  };
}
