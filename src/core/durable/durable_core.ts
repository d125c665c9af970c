import type { StreamSpan } from '../observe/stream_span.ts';
import type { StreamCore } from '../stream/stream_exchange.ts';
import { claimOtherName } from './claims.ts';
import type { DeadLogs } from './dead_logs.ts';
import type { FaultPoint } from './fault_point.ts';
import type { GroupLog } from './group_log.ts';
import type { KeptRequest } from './kept_request.ts';
import type { LogFormat, LogFormats } from './log_format.ts';
import type { LogStore } from './log_store.ts';
import type { Peers } from './peers.ts';
import { SINGLE_INSTANCE } from './resumable_notices.ts';
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
  /** A running stream's text is kept apart from the log about this often, so that the log can be trimmed. */
  checkpointMs: number;
  faults: FaultPoint;
  deadLogs: DeadLogs;
  clock: StoreClock;
  /** Refuse, and wait, while the store can't be reached, instead of going on without it. */
  strict: boolean;
  /** A secret that can't be guessed. */
  newToken(): string;
  formats: LogFormats;
}

/** What a stream of this instance is made of. */
interface NewResumable {
  record: ResumableRecord;
  format: LogFormat;
  request: KeptRequest | undefined;
  span: StreamSpan | undefined;
  /** Its entries, where it was taken over. */
  before?: string[];
}

/** A stream of this instance, in the registry from now on. */
export function addResumable(core: DurableCore, { record, format, ...about }: NewResumable): ResumableStream {
  const { streamLog, wheel, store } = core;
  const stream: ResumableStream = new ResumableStream({
    ...about,
    record,
    frames: format.frames(record, () => stream.record),
    limit: record.background ? { ...format.limit, ends: 'stream' } : format.limit,
    graceMs: format.graceMs,
    log: streamLog,
    wheel,
    ageMs: core.clock.now() - record.createdAt,
    onBegun: format.nameOf && ((frame) => void claimOtherName(core, stream.record, format.nameOf?.(frame, record))),
    onUnlogged: () => core.observer.wentUnlogged(),
    onTooLong: () => void store.discard(stream.record).catch(() => {}),
    standing: store.shared ? undefined : SINGLE_INSTANCE,
  });
  core.streams.set(record.id, stream);
  return stream;
}
