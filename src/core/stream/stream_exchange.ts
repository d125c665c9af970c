import type { WeirError } from '../../formats/error_code.ts';
import type { Format } from '../../formats/format.ts';
import type { StreamPart } from '../../formats/stream_part.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { AnswerCache } from '../cache/answer_cache.ts';
import type { RequestFacts } from '../cache/request_key.ts';
import type { CacheKind, EventLog, Outcome, StreamObserver } from '../observe/observers.ts';
import type { SpanBegin, SpanTarget, StreamSpan, StreamTracer } from '../observe/stream_span.ts';
import type { ConnectionPoolManager, Permit } from '../resilience/connection_pool_manager.ts';
import type { Routing } from '../routing/routing.ts';
import type { RouteTarget, SelectedRoute } from '../routing/selected_route.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';
import type { Answer, ByteAnswer, KeepRun, UpstreamRequest } from '../upstream/upstream.ts';
import type { RecordUsage, RequestLengths } from '../usage/stream_usage.ts';
import type { Encoder, Sink } from './encoder.ts';
import type { RecordedStream } from './record_stream.ts';
import type { Relay } from './relay.ts';

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

/** One client's request, already validated; `abort` ends it from outside, with a WeirError as reason. */
export interface StreamExchange {
  route: SelectedRoute;
  request: UpstreamRequest;
  lengths: RequestLengths;
  userId: string;
  threadId: string;
  /** When the request came, by `performance.now()`. */
  startedAt: number;
  abort: AbortController;
  /** Asked before the slot, where the user has limits per minute. @throws WeirError rate_limited */
  admit?: (() => Promise<void>) | undefined;
  trace: Pick<SpanBegin, 'endpoint' | 'parent' | 'stream'>;
  /**
   * What our own head waits for, and the longest wait for it in milliseconds; whole answers are waited for without
   * limit. Later failures are events.
   */
  head: { after: 'head' | 'answer'; timeoutMs: number };
  /** Whether its tokens are paid; counting them is free. */
  generates: boolean;
  /** What makes it equal to others. Asked only where the route has a cache. */
  compared(): RequestFacts;
  /** Called before `sink`, or before a whole answer is given, where the route has a cache. */
  cached(kind: CacheKind): void;
  /** @param target that is asked now, or has answered */
  encoder(target: SpanTarget): Encoder;
  /** The body of an answer in parts that is not streamed. */
  whole(parts: readonly StreamPart[]): object;
  /** Of the client's format: it reads the usage of a whole answer in bytes. */
  usageOf: Format['usageOf'];
  /** @param headers of the provider, to be passed on; @param target as for `encoder` */
  sink(headers: ByteAnswer['headers'], target: SpanTarget): Sink;
  /** Said first, to a client that wanted something else. */
  notice?: NoticeEvent | undefined;
  /**
   * Where the stream is resumable: makes its log. It then runs by itself, and its client is one of its readers.
   * @returns undefined where it has to be served as a plain stream
   */
  resumable?(permit: Permit, span: StreamSpan | undefined): Promise<ResumableDelivery | undefined>;
}

/** Where one stream's frames go, and how it ends. */
export interface Delivery {
  /** Ends the stream from outside. */
  readonly abort: AbortController;
  /** Our head may leave. @param first what the upstream has answered, if it came in time */
  open(first: Answer | undefined, target: SpanTarget): Relay;
  notice(notice: NoticeEvent): void;
  /**
   * Gives the slot back, then sends the last frame.
   * @returns false where another instance goes on with the stream
   */
  end(outcome: Outcome, frame: () => string): Promise<boolean>;
  /** Called last, however the stream ended. */
  close(): void;
}

/** A delivery that goes on without its client. */
export interface ResumableDelivery extends Delivery {
  keepRun: KeepRun;
  keepTarget(target: RouteTarget): Promise<void>;
  /** It failed before its head. @returns false where another instance has it meanwhile */
  refuse(error: unknown): Promise<boolean>;
  /** A defect ended it after its head. Never rejects. */
  fail(error: WeirError): Promise<void>;
}

/** An answer that is no stream: the client's own, or the provider's refusal of one. */
export interface WholeAnswer {
  status: number;
  headers: ByteAnswer['headers'];
  contentType: string;
  /** Who has answered. */
  target: SpanTarget;
  /** One character a byte. */
  body: string;
}

/** A stream that was admitted, and whose answer is on its way. */
export interface AdmittedStream extends RecordedStream {
  answer: Promise<Answer>;
  lengths: RequestLengths;
}
