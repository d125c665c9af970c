import type { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { AnswerEnd } from '../provider/provider.ts';
import type { TranscriptSummary } from './transcript.ts';

/**
 * A door's own way of saying things: each API (ours, OpenAI's, Anthropic's) brings one; relay, admission and drain are
 * shared. Gives whole frames; `seq` is contiguous within the thread and starts at 0 with the status.
 */
export interface Encoder {
  status(seq: number): string;
  chunk(seq: number, text: string, index: number): string;
  notice(notice: NoticeEvent): string;
  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string;
  error(seq: number, error: WeirError, delivered: number): string;
  readonly heartbeat: string;
}
