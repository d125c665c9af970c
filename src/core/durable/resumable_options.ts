import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { StreamSpan } from '../observe/stream_span.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';
import type { GroupLog } from './group_log.ts';
import type { KeptRequest } from './kept_request.ts';
import type { LogFormat, LogFrames } from './log_format.ts';
import type { ResumableRecord } from './resumable_record.ts';

/** What a resumable stream is made of. */
export interface ResumableOptions {
  record: ResumableRecord;
  request: KeptRequest | undefined;
  frames: LogFrames;
  limit: LogFormat['limit'];
  log: GroupLog;
  wheel: TimerWheel;
  /** In milliseconds. */
  ageMs: number;
  /** How long it goes on without a reader, in milliseconds. */
  graceMs: number;
  /** Entries that a dead owner had committed; the stream then waits for its readers to come back. */
  before?: string[] | undefined;
  span?: StreamSpan | undefined;
  /** Called with its first events. */
  onBegun?: ((frame: string) => void) | undefined;
  /** Its frames go out unlogged from now on. */
  onUnlogged?: () => void;
  /** It is kept no longer. */
  onTooLong?: () => void;
  /** Sent to every reader. */
  standing?: NoticeEvent | undefined;
}
