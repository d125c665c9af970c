import { WeirError } from '../formats/error_code.ts';
import type { NoticeEvent } from '../formats/weir/stream_event.ts';
import type { StreamRequest } from '../formats/weir/stream_request.ts';
import type { AnswerCache } from './cache/answer_cache.ts';
import { comparableText, requestKey } from './cache/request_key.ts';
import { textMedium } from './cache/text_medium.ts';
import type { CacheKind } from './observe/cache_observer.ts';
import type { EventLog } from './observe/event_log.ts';
import type { StreamObserver } from './observe/stream_observer.ts';
import type { SpanBegin, StreamTracer } from './observe/stream_span.ts';
import type { Provider } from './provider/provider.ts';
import { logDefect, recordStream } from './record_stream.ts';
import type { ConnectionPoolManager } from './resilience/connection_pool_manager.ts';
import { onFailover } from './routing/failover_notice.ts';
import type { Routing } from './routing/routing.ts';
import type { SelectedRoute } from './routing/selected_route.ts';
import type { Encoder } from './stream/encoder.ts';
import { Producer } from './stream/producer.ts';
import { Reader } from './stream/reader.ts';
import type { Sink } from './stream/sink.ts';
import type { TimerWheel } from './time/timer_wheel.ts';
import { answerUsage, NO_USAGE, type RecordUsage } from './usage/stream_usage.ts';

/** The head waits for the provider's own head, but not longer than this. */
const HEAD_PATIENCE_MS = 2_000;

const NOT_RESUMABLE = 'The stream log cannot be reached now; this stream would not survive its instance.';

/** What an instance gives to every stream. */
export interface StreamCore {
  pool: ConnectionPoolManager;
  routing: Routing;
  wheel: TimerWheel;
  /** Asked only where a route says so. */
  cache: AnswerCache;
  observer: StreamObserver;
  recordUsage: RecordUsage;
  /** Undefined where traces are off. */
  tracer: StreamTracer | undefined;
  log: EventLog;
}

/** One client's request for one stream, already validated; `abort` ends it from outside, with a WeirError as reason. */
export interface StreamExchange {
  route: SelectedRoute<Provider>;
  /** Loses its prompt when the answer has begun. */
  request: StreamRequest;
  /** Of that prompt, in UTF-16 units. */
  promptLength: number;
  userId: string;
  threadId: string;
  /** When the request came, by `performance.now()`. */
  startedAt: number;
  abort: AbortController;
  /** Asked before the slot, where the user has limits per minute. @throws WeirError rate_limited */
  admit?: (() => Promise<void>) | undefined;
  trace: Pick<SpanBegin, 'door' | 'parent' | 'stream'>;
  /** @param model as that provider calls it */
  encoder(provider: string, model: string): Encoder;
  /** Called before `sink` where the route has a cache. */
  cached(kind: CacheKind): void;
  sink(): Sink;
}

/**
 * The one path from request to terminal event. What fails before the head is thrown, to become an HTTP status; what
 * fails after it becomes the stream's own `error` event.
 * @throws WeirError
 */
export async function handleStream(core: StreamCore, exchange: StreamExchange): Promise<void> {
  const { route, request, userId, threadId, startedAt, abort } = exchange;

  if (exchange.admit) await exchange.admit();
  await using permit = await core.pool.acquireConnection(userId, threadId);
  permit.onLost((error) => abort.abort(error));
  abort.signal.throwIfAborted();

  core.observer.opened();
  const [target] = route.targets;
  const span = core.tracer?.begin({ ...exchange.trace, target, route: route.name, threadId, startedAt });
  const open = (signal: AbortSignal) => core.routing.open(route, request, { threadId, userId, signal, span });
  const key = requestKey(route, () => ({ kind: 'text', userId, asked: comparableText(request) }));
  const opening = key ? core.cache.open({ key, route, medium: textMedium, abort, open }) : open(abort.signal);
  opening.answer.then(
    () => forgetPrompt(request),
    () => {},
  );
  let outcome: 'ok' | WeirError['code'] = 'internal_error';
  let usage = NO_USAGE;
  try {
    await headOrPatience(opening.head, core.wheel);
    if ('kind' in opening) {
      const kind = await opening.kind;
      exchange.cached(kind);
      span?.cached(kind);
    }

    const { provider, model } = opening.target;
    const encoder = exchange.encoder(provider, model);
    const producer = new Producer(encoder, core.observer, startedAt);
    const giveUp = () => abort.abort(new WeirError('slow_reader'));
    const reader = new Reader(exchange.sink(), core.wheel, encoder.heartbeat, producer.resume, giveUp);
    using _ = { [Symbol.dispose]: () => reader.close() };
    core.log.info('5.2', 'Starting stream', { user_id: userId, thread_id: threadId, provider, model });
    producer.attach(reader);
    reader.open(encoder.status(0));
    const tell = (notice: NoticeEvent) => void reader.write(encoder.notice(notice), performance.now());
    if (request.resumable) tell({ kind: 'not_resumable', message: NOT_RESUMABLE });
    onFailover(opening, tell);
    const ending = await producer.run(opening.answer, abort.signal);
    outcome = ending.ok ? 'ok' : ending.error.code;
    if (!ending.ok) {
      abort.abort(ending.error);
      logDefect(core.log, threadId, ending.error);
    }
    usage = answerUsage(ending.ok ? ending.end : undefined, () => exchange.promptLength, producer.length);
    span?.answered(producer.answered(ending));
    // The slot first: a client that goes on at once must find it free.
    await permit.release();
    if (outcome === 'slow_reader') reader.cut();
    else reader.end(producer.lastFrame(ending));
  } catch (error) {
    outcome = error instanceof WeirError ? error.code : 'internal_error';
    abort.abort(error);
    throw error;
  } finally {
    recordStream(core, { userId, threadId, startedAt, route: route.name, opening, span, outcome, usage });
  }
}

/** Nobody else is asked now, and what may be long must not stay for as long as the stream is open. */
function forgetPrompt(request: StreamRequest): void {
  request.query = undefined;
  request.messages = undefined;
}

/**
 * Waits for the provider's head, but not longer than its patience.
 * @returns the head, if it came
 * @throws what the provider failed with in that time
 */
export async function headOrPatience<Head>(
  opening: Promise<Head>,
  wheel: TimerWheel,
  patienceMs = HEAD_PATIENCE_MS,
): Promise<Head | undefined> {
  const { promise: patience, resolve } = Promise.withResolvers<undefined>();
  const timer = wheel.timer(() => resolve(undefined));
  timer.arm(patienceMs);
  try {
    return await Promise.race([opening, patience]);
  } finally {
    timer.cancel();
  }
}
