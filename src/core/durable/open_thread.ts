import { WeirError } from '../../protocol/error_code.ts';
import { handleStream, headOrPatience, type StreamExchange } from '../handle_stream.ts';
import { addThread, type DurableCore } from './durable_core.ts';
import { keepRun } from './keep_run.ts';
import { type Located, locateThread } from './locate_thread.ts';
import { produceThread } from './produce_thread.ts';
import type { ThreadRecord } from './thread_record.ts';

/** A claimed key whose thread is not there yet is waited for this long. */
const CLAIM_PATIENCE_MS = 10_000;
const CLAIM_LOOK_MS = 50;

/** A resumable stream's request; `userId` may use `key` once, and repeats of the same body attach. */
export interface ThreadExchange extends StreamExchange {
  /** The client chose the thread's id itself, so it may be known already. */
  ownId: boolean;
  idempotency: { key: string; bodyHash: string } | undefined;
  promptLength: number;
}

/**
 * The path of a resumable request up to its head: claim, slot, record, provider. The stream then runs by itself, and
 * its client is one reader among others.
 * @returns where to read; undefined when it was served as a plain stream, because the log could not be reached
 * @throws WeirError
 */
export async function openThread(core: DurableCore, exchange: ThreadExchange): Promise<Located | undefined> {
  const { request, userId, threadId, idempotency, startedAt } = exchange;
  const taken = idempotency && (await claimed(core, exchange, idempotency));
  if (taken) return taken;
  const provider = core.providers.select(request.provider, request.model);
  try {
    if (exchange.ownId && (await knownThread(core, threadId))) throw new WeirError('thread_in_use');
    const permit = await core.pool.acquireConnection(userId, threadId);
    const record = newRecord(core, exchange, permit.slot.permitId, provider.name);
    const created = await core.store.create(record, request).catch(() => undefined);
    if (created === undefined) {
      await permit.release();
      if (idempotency) await core.store.dropClaim(userId, idempotency.key).catch(() => {});
      if (core.strict) throw new WeirError('service_unavailable', { details: { reason: 'redis' }, retryAfter: 2 });
      await handleStream(core, exchange);
      return undefined;
    }
    const thread = created ? addThread(core, record, request) : undefined;
    try {
      if (!thread) throw new WeirError('thread_in_use');
      const opening = provider.open(request, thread.abort.signal, (run) => keepRun(core, thread, run));
      await headOrPatience(opening, core.wheel);
      core.log.info('5.2', 'Starting stream', {
        user_id: userId,
        thread_id: threadId,
        provider: provider.name,
        model: request.model,
        resumable: true,
      });
      void produceThread(core, thread, permit, opening, startedAt);
      if (idempotency) await core.store.keepClaim(userId, idempotency.key).catch(() => {});
      return { threadId, kind: 'source', source: thread };
    } catch (error) {
      thread?.leave();
      if (thread) core.threads.delete(threadId);
      await permit.release();
      if (created) await core.store.discard(record).catch(() => {});
      throw error;
    }
  } catch (error) {
    if (idempotency) await core.store.dropClaim(userId, idempotency.key).catch(() => {});
    throw error;
  }
}

async function knownThread(core: DurableCore, threadId: string): Promise<boolean> {
  return core.threads.has(threadId) || (await core.store.read(threadId).catch(() => undefined)) !== undefined;
}

/** Claims the key, or finds the stream of whoever did. @throws WeirError validation_error for another body */
async function claimed(
  core: DurableCore,
  { userId, threadId }: ThreadExchange,
  { key, bodyHash }: { key: string; bodyHash: string },
): Promise<Located | undefined> {
  const until = performance.now() + CLAIM_PATIENCE_MS;
  for (;;) {
    const first = await core.store.claim(userId, key, { threadId, bodyHash }).catch(() => undefined);
    if (first === undefined) return undefined;
    if (first.bodyHash !== bodyHash) {
      const message = 'This Idempotency-Key was used with another body; use a new key for a new request.';
      const fields = [{ field: 'Idempotency-Key', message: 'was used with another body' }];
      throw new WeirError('validation_error', { message, details: { fields } });
    }
    const caller = { userId, token: undefined };
    const found = await locateThread(core, first.threadId, caller, undefined).catch((error) => {
      if (error instanceof WeirError && error.code === 'not_found') return undefined;
      throw error;
    });
    if (found) return found;
    if (performance.now() > until) throw new WeirError('service_unavailable', { retryAfter: 1 });
    await new Promise((resolve) => setTimeout(resolve, CLAIM_LOOK_MS));
  }
}

function newRecord(core: DurableCore, exchange: ThreadExchange, permitId: string, provider: string): ThreadRecord {
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
    model: exchange.request.model,
    instance: core.instance,
    promptLength: exchange.promptLength,
    createdAt: Date.now(),
  };
}
