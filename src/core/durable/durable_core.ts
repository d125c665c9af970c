import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { StreamSpan } from '../observe/stream_span.ts';
import type { Encoder } from '../stream/encoder.ts';
import type { StreamCore } from '../stream/stream_exchange.ts';
import type { DeadLogs } from './dead_logs.ts';
import type { FaultPoint } from './fault_point.ts';
import type { GroupLog } from './group_log.ts';
import type { LogStore } from './log_store.ts';
import type { Peers } from './peers.ts';
import type { ResumableRecord } from './resumable_record.ts';
import { ResumableStream } from './resumable_stream.ts';
import type { StoreClock } from './store_clock.ts';

/** One stream's takeover here: under way, or failed a moment ago. */
export interface Takeover {
  work: Promise<boolean> | undefined;
  failures: number;
  /** Not before this it is tried again, by `performance.now()`. */
  notBefore: number;
  /** The change of owner was sent and no answer came: it may be stored. */
  isUnanswered: boolean;
}

/** What resumable streams need on top of what every stream needs. */
export interface DurableCore extends StreamCore {
  instance: string;
  store: LogStore;
  streamLog: GroupLog;
  peers: Peers;
  /** Streams that this instance produces, by id. */
  streams: Map<string, ResumableStream>;
  /** Takeovers under way, so that many reconnects at once cause one; and those that failed a moment ago. */
  takingOver: Map<string, Takeover>;
  /** How long a stream goes on without a reader, in milliseconds. */
  graceMs: number;
  /** A running stream's text is kept apart from the log about this often, so that the log can be trimmed. */
  checkpointMs: number;
  faults: FaultPoint;
  deadLogs: DeadLogs;
  clock: StoreClock;
  /** Refuse, and wait, while the store can't be reached, instead of going on without it. */
  strict: boolean;
  /** A secret that can't be guessed. */
  newToken(): string;
  /** Writes a stream's frames. @param current asked anew for each frame, as a stream's epoch may change */
  encoder(record: ResumableRecord, current: () => ResumableRecord): Encoder;
}

const SINGLE_INSTANCE: NoticeEvent = {
  kind: 'single_instance',
  message: 'There is no Redis: this stream survives its connection, not its instance.',
};

/** A stream of this instance, in the registry from now on. */
export function addResumable(
  core: DurableCore,
  record: ResumableRecord,
  request: StreamRequest | undefined,
  span: StreamSpan | undefined,
  before?: string[],
): ResumableStream {
  const { streamLog, wheel, graceMs, store } = core;
  const stream: ResumableStream = new ResumableStream({
    record,
    request,
    encoder: core.encoder(record, () => stream.record),
    log: streamLog,
    wheel,
    ageMs: core.clock.now() - record.createdAt,
    graceMs,
    before,
    span,
    onUnlogged: () => core.observer.wentUnlogged(),
    standing: store.shared ? undefined : SINGLE_INSTANCE,
  });
  core.streams.set(record.id, stream);
  return stream;
}
