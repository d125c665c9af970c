import { asWeirError, WeirError } from '../../formats/error_code.ts';
import { requestKey } from '../cache/request_key.ts';
import type { Permit } from '../resilience/connection_pool_manager.ts';
import { onFailover } from '../routing/route_opening.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';
import { isEventStream, ProviderRefusal } from '../upstream/check_head.ts';
import type { Answer } from '../upstream/upstream.ts';
import { NO_USAGE } from '../usage/stream_usage.ts';
import { ClientDelivery } from './client_writer.ts';
import { logDefect, outcomeOf, type RecordedStream, recordStream, type StreamRecord } from './record_stream.ts';
import type { Relay } from './relay.ts';
import type {
  AdmittedStream,
  Delivery,
  ResumableDelivery,
  StreamCore,
  StreamExchange,
  WholeAnswer,
} from './stream_exchange.ts';
import { wholeAnswer } from './whole_answer.ts';

/**
 * The one path of every request that generates: admit → permit → span → open along the route → relay → release →
 * terminal → record. What fails before the head is thrown, to become an HTTP status; what fails after it becomes the
 * stream's own error event.
 * @returns what is to be sent; undefined once a stream has been, or where its readers read it from its log
 * @throws WeirError
 */
export async function runStream(core: StreamCore, exchange: StreamExchange): Promise<WholeAnswer | undefined> {
  const { route, request, userId, threadId, startedAt, lengths } = exchange;

  if (exchange.admit) await exchange.admit();
  await using held = new AsyncDisposableStack();
  const permit = held.use(await core.pool.acquireConnection(userId, threadId));
  const [target] = route.targets;
  const span = core.tracer?.begin({ ...exchange.trace, target, route: route.name, threadId, startedAt });
  const resumable = await exchange.resumable?.(permit, span);
  const delivery = resumable ?? new ClientDelivery(core, exchange, permit);
  const { abort } = delivery;
  permit.onLost((error) => abort.abort(error));
  abort.signal.throwIfAborted();

  const open = (signal: AbortSignal) => {
    const { keepRun, keepTarget: onMove } = resumable ?? {};
    return core.routing.open(route, request, { threadId, userId, signal, span, keepRun, onMove });
  };
  const key = resumable ? undefined : requestKey(route, () => exchange.compared());
  const opening = key ? core.cache.open({ key, route, parser: request.parser, abort, open }) : open(abort.signal);
  opening.answer.then(
    () => request.forget(),
    () => {},
  );
  const answer = exchange.head.after === 'answer' ? refusalAsAnswer(opening.answer) : opening.answer;
  const stream = { userId, threadId, startedAt, routeName: route.name, opening, span, answer, lengths };

  const begin = async (): Promise<Answer | undefined> => {
    const awaited = exchange.head.after === 'answer' ? answer : opening.head.then(() => undefined);
    const first = request.stream
      ? await orTimeout<Answer | undefined>(awaited, core.wheel, exchange.head.timeoutMs)
      : await answer;
    if ('kind' in opening) {
      const kind = await opening.kind;
      exchange.cached(kind);
      span?.cached(kind);
    }
    return first;
  };
  const relay = async (first: Answer | undefined, record: StreamRecord): Promise<void> => {
    const running = delivery.open(first, opening.target);
    const { provider, model } = opening.target;
    const about = { user_id: userId, thread_id: threadId, provider, model };
    core.log.info('5.2', 'Starting stream', resumable ? { ...about, resumable: true } : about);
    if (exchange.notice) delivery.notice(exchange.notice);
    onFailover(opening, (notice) => delivery.notice(notice));
    await relayToEnd(core, stream, delivery, running, record);
  };

  if (resumable) {
    // It goes on without this request: only its head is waited for here.
    const begun = Promise.withResolvers<WholeAnswer | undefined>();
    const slot = held.move();
    const whole = recorded(core, stream, resumable, async (record) => {
      await using _ = slot;
      const first = await begin().catch(async (error) => {
        if (!(await resumable.refuse(error))) record.usage = undefined;
        throw error;
      });
      if (first && !isStream(first, true)) {
        const said = await wholeAnswer(exchange, first, opening.target, abort.signal, record, span);
        await resumable.refuse(new WeirError('upstream_error', { details: { status: said.status } }));
        begun.resolve(said);
        return;
      }
      begun.resolve(undefined);
      await relay(first, record);
    });
    whole.catch(begun.reject);
    void begun.promise.then(() => whole.catch((error) => resumable.fail(asWeirError(error)))).catch(() => {});
    return await begun.promise;
  }
  // Awaited here: the slot is given back when this function ends.
  return await recorded(core, stream, delivery, async (record) => {
    const first = await begin();
    if (first && !isStream(first, request.stream)) {
      const whole = await wholeAnswer(exchange, first, opening.target, abort.signal, record, span);
      await permit.release();
      return whole;
    }
    await relay(first, record);
    return undefined;
  });
}

/** Relays a stream that another instance began, from where that one stopped. Never rejects. */
export async function continueStream(
  core: StreamCore,
  stream: AdmittedStream,
  delivery: ResumableDelivery,
  permit: Permit,
): Promise<void> {
  permit.onLost((error) => delivery.abort.abort(error));
  await recorded(core, stream, delivery, async (record) => {
    await using _ = permit;
    await relayToEnd(core, stream, delivery, delivery.open(undefined, stream.opening.target), record);
  }).catch((error) => delivery.fail(asWeirError(error)));
}

/** Relay → release → terminal. */
async function relayToEnd(
  core: StreamCore,
  { threadId, answer, span, lengths }: AdmittedStream,
  delivery: Delivery,
  relay: Relay,
  record: StreamRecord,
): Promise<void> {
  const ending = await relay.run(answer, delivery.abort.signal);
  record.outcome = outcomeOf(ending);
  if ('error' in ending) {
    delivery.abort.abort(ending.error);
    logDefect(core.log, threadId, ending.error);
  }
  record.usage = relay.usage(ending, lengths);
  record.facts = relay.facts();
  span?.answered(relay.answered(ending));
  if (await delivery.end(record.outcome, () => relay.lastFrame(ending))) return;
  record.outcome = 'producer_lost';
  record.usage = undefined;
  span?.event('handover');
}

/** Has one record made of whatever becomes of a stream. */
async function recorded<T>(
  core: StreamCore,
  stream: RecordedStream,
  delivery: Delivery,
  work: (record: StreamRecord) => Promise<T>,
): Promise<T> {
  core.observer.opened();
  const record: StreamRecord = { outcome: 'internal_error', usage: NO_USAGE };
  try {
    return await work(record);
  } catch (error) {
    record.outcome = error instanceof WeirError ? error.code : 'internal_error';
    delivery.abort.abort(error);
    throw error;
  } finally {
    delivery.close();
    recordStream(core, stream, record);
  }
}

/** What the client hears where no target answered: a refusal in the provider's own words, if that is what it was. */
async function refusalAsAnswer(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderRefusal && error.answer) return error.answer;
    throw error;
  }
}

function isStream(answer: Answer, wanted: boolean): boolean {
  return wanted && (answer.kind === 'parts' || (answer.status === 200 && isEventStream(answer.contentType)));
}

/** Waits, but not longer than so many milliseconds. @returns undefined where that time is over */
async function orTimeout<T>(opening: Promise<T>, wheel: TimerWheel, ms: number): Promise<T | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = wheel.timer(() => resolve(undefined));
  timer.arm(ms);
  try {
    return await Promise.race([opening, timeout]);
  } finally {
    timer.cancel();
  }
}
