import { type ErrorCode, WeirError } from '../../formats/error_code.ts';
import { byteMedium } from '../cache/byte_medium.ts';
import { requestKey } from '../cache/request_key.ts';
import { headOrPatience, type StreamCore } from '../handle_stream.ts';
import type { CacheKind } from '../observe/cache_observer.ts';
import type { Outcome } from '../observe/stream_observer.ts';
import type { SpanBegin } from '../observe/stream_span.ts';
import { logDefect, recordStream } from '../record_stream.ts';
import { refusalAsAnswer } from '../routing/routing.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';
import { Reader } from '../stream/reader.ts';
import type { Sink } from '../stream/sink.ts';
import { passedUsage, wholeUsage } from '../usage/passed_usage.ts';
import { NO_USAGE } from '../usage/stream_usage.ts';
import { collectBody } from './collect_body.ts';
import type { EventReader } from './event_reader.ts';
import type { Origin, OriginAnswer, OriginCall } from './origin.ts';
import { isEventStream, Passthrough } from './passthrough.ts';
import type { Redact } from './redactor.ts';

/**
 * These clients try again by status, so the provider's own head is waited for as long as a heartbeat allows; later
 * failures are events.
 */
const HEAD_PATIENCE_MS = 10_000;

/** What a client of this protocol hears besides the provider. */
export interface Dialect {
  readonly heartbeat: string;
  /** An event, then the end of the stream. One character a byte. */
  error(error: WeirError): string;
}

/** One client's request that is passed on as it is; `abort` ends it from outside, with a WeirError as reason. */
export interface PassExchange {
  route: SelectedRoute<Origin>;
  /** @param model as the provider calls it */
  call(model: string): OriginCall;
  userId: string;
  threadId: string;
  /** When the request came, by `performance.now()`. */
  startedAt: number;
  abort: AbortController;
  /** Asked before the slot, where the user has limits per minute. @throws WeirError rate_limited */
  admit?: (() => Promise<void>) | undefined;
  /** Of the request, in bytes. */
  bodyLength: number;
  /** Whether a whole answer is paid by the token. */
  generates: boolean;
  trace: Pick<SpanBegin, 'door' | 'parent' | 'stream'>;
  /** Makes one for a stream; undefined where the client wants one whole answer. */
  reader: (() => EventReader) | undefined;
  dialect: Dialect;
  /** All that the provider is told; undefined where no answer is to be kept. Asked only where the route has a cache. */
  asked(): unknown;
  /** Called before `sink`, or before a whole answer is given, where the route has a cache. */
  cached(kind: CacheKind): void;
  /** @param headers of the provider, to be passed on */
  sink(headers: OriginAnswer['headers']): Sink;
}

/** An answer that is no stream: the client's own, or the provider's refusal of one. */
export interface WholeAnswer {
  status: number;
  headers: OriginAnswer['headers'];
  contentType: string;
  /** Who gave it. */
  provider: string;
  /** One character a byte. */
  body: string;
}

/**
 * The path of {@link handleStream} for a client and a provider of one protocol: the same admission, relay, end and
 * record, with the provider's bytes instead of our events.
 * @returns what is to be sent; undefined once a stream has been
 * @throws WeirError before the head
 */
export async function handlePassthrough(core: StreamCore, exchange: PassExchange): Promise<WholeAnswer | undefined> {
  const { route, userId, threadId, startedAt, abort, bodyLength } = exchange;

  if (exchange.admit) await exchange.admit();
  await using permit = await core.pool.acquireConnection(userId, threadId);
  permit.onLost((error) => abort.abort(error));
  abort.signal.throwIfAborted();

  core.observer.opened();
  const [target] = route.targets;
  const span = core.tracer?.begin({ ...exchange.trace, target, route: route.name, threadId, startedAt });
  const open = (signal: AbortSignal) =>
    core.routing.pass(route, exchange.call, exchange.reader, { threadId, userId, signal, span });
  const key = requestKey(route, () => ({ kind: exchange.trace.door, userId, asked: exchange.asked() }));
  const opening = key
    ? core.cache.open({ key, route, medium: byteMedium(exchange.reader), abort, open })
    : open(abort.signal);
  const answer = refusalAsAnswer(opening.answer);
  const events = exchange.reader?.();
  let outcome: Outcome = 'internal_error';
  let used = NO_USAGE;
  try {
    const head = events ? await headOrPatience(answer, core.wheel, HEAD_PATIENCE_MS) : await answer;
    if ('kind' in opening) {
      const kind = await opening.kind;
      exchange.cached(kind);
      span?.cached(kind);
    }
    if (head && (!events || head.status !== 200 || !isEventStream(head.contentType))) {
      const { status, headers, contentType } = head;
      const { provider } = opening.target;
      const whole = { status, headers, contentType, provider, body: await collectBody(head) };
      outcome = outcomeOf(whole.status);
      if (outcome === 'ok' && exchange.generates) used = wholeUsage(whole.body, bodyLength);
      const usage = used.estimated || !exchange.generates ? undefined : used;
      if (outcome === 'ok') span?.answered({ firstMs: undefined, finishReason: undefined, usage });
      await permit.release();
      return whole;
    }

    const pass = new Passthrough(events as EventReader, core.observer, startedAt, redactAlong(route));
    const giveUp = () => abort.abort(new WeirError('slow_reader'));
    const sink = exchange.sink(head?.headers ?? {});
    const reader = new Reader(sink, core.wheel, exchange.dialect.heartbeat, pass.resume, giveUp);
    using _ = { [Symbol.dispose]: () => reader.close() };
    const { provider, model } = opening.target;
    core.log.info('5.2', 'Starting stream', { user_id: userId, thread_id: threadId, provider, model });
    pass.attach(reader);

    const ending = await pass.run(answer, abort.signal);
    const { finishReason, usage } = events as EventReader;
    span?.answered({ firstMs: pass.firstMs, finishReason, usage });
    outcome = 'error' in ending ? ending.error.code : ending.ok ? 'ok' : 'upstream_error';
    used = passedUsage(events?.usage, pass.pieces, ending.ok, bodyLength);
    if ('error' in ending) {
      abort.abort(ending.error);
      logDefect(core.log, threadId, ending.error);
    }
    // The slot first: a client that goes on at once must find it free.
    await permit.release();
    if (outcome === 'slow_reader') reader.cut();
    else reader.end('error' in ending ? exchange.dialect.error(ending.error) : ending.last);
    return undefined;
  } catch (error) {
    outcome = error instanceof WeirError ? error.code : 'internal_error';
    abort.abort(error);
    throw error;
  } finally {
    const facts = events?.usage;
    recordStream(core, { userId, threadId, startedAt, route: route.name, opening, span, outcome, usage: used, facts });
  }
}

/** Of all targets, as the last one that was asked is known only when it has answered. */
function redactAlong({ targets }: SelectedRoute<Origin>): Redact {
  return (text) => targets.reduce((clean, { source }) => source.redact(clean), text);
}

function outcomeOf(status: number): 'ok' | ErrorCode {
  if (status < 400) return 'ok';
  if (status === 429) return 'upstream_rate_limited';
  // What the client asked for is not the provider's failure; a key that it refuses is ours.
  return [400, 404, 409, 413, 422].includes(status) ? 'validation_error' : 'upstream_error';
}
