import type { AnswerEnd } from '../../core/provider/provider.ts';
import type { Encoder } from '../../core/stream/encoder.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import type { WeirError } from '../../protocol/error_code.ts';
import type { NoticeEvent, StatusEvent } from '../../protocol/stream_event.ts';
import {
  encodeChunk,
  encodeComplete,
  encodeError,
  encodeNotice,
  encodeStatus,
  HEARTBEAT,
} from '../../protocol/weir_encoder.ts';

/** A plain stream has one owner from start to end: epoch 1. */
const plainId = (seq: number) => `1.${seq}`;

/**
 * The encoder of `/api/v1/stream`.
 * @param status what its first event says; @param promptLength in UTF-16 units
 * @param id `<epoch>.<seq>` for a sequence number
 */
export function weirDoor(status: StatusEvent, promptLength: number, id = plainId): Encoder {
  const threadId = status.thread_id;
  return {
    heartbeat: HEARTBEAT,
    status: (seq) => encodeStatus(id(seq), status),
    chunk: (seq, content, chunk_index) => encodeChunk(id(seq), { content, chunk_index, finish_reason: null }),
    notice: (notice: NoticeEvent) => encodeNotice(notice),
    complete: (seq, summary, end, durationMs) =>
      encodeComplete(id(seq), {
        thread_id: threadId,
        chunk_count: summary.chunks,
        total_length: summary.length,
        duration_ms: Math.round(durationMs),
        finish_reason: end.finishReason,
        usage: usage(end, summary, promptLength),
        sha256: summary.sha256,
      }),
    error: (seq, error: WeirError, delivered) => encodeError(id(seq), error, threadId, delivered),
  };
}

/** Where the provider counts nothing: about four characters a token, as is the habit for English. */
function usage(end: AnswerEnd, summary: TranscriptSummary, promptLength: number) {
  if (end.usage) return { ...end.usage, estimated: false };
  return {
    input_tokens: Math.ceil(promptLength / 4),
    output_tokens: Math.ceil(summary.length / 4),
    estimated: true,
  };
}
