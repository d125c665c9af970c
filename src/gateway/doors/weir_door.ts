import type { AnswerEnd } from '../../core/provider/provider.ts';
import type { Encoder } from '../../core/stream/encoder.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import { answerUsage } from '../../core/usage/stream_usage.ts';
import type { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent, StatusEvent } from '../../formats/weir/stream_event.ts';
import {
  encodeChunk,
  encodeComplete,
  encodeError,
  encodeNotice,
  encodeStatus,
  HEARTBEAT,
} from '../../formats/weir/weir_encoder.ts';

/** A plain stream has one owner from start to end: epoch 1. */
const plainId = (seq: number) => `1.${seq}`;

/** The encoder of `/api/v1/stream`. A class, as closures made for each stream would be fetched for each token. */
export class WeirDoor implements Encoder {
  readonly heartbeat = HEARTBEAT;
  readonly #status: StatusEvent;
  readonly #promptLength: number;
  readonly #id: (seq: number) => string;

  /**
   * @param status what its first event says; @param promptLength in UTF-16 units
   * @param id `<epoch>.<seq>` for a sequence number
   */
  constructor(status: StatusEvent, promptLength: number, id = plainId) {
    this.#status = status;
    this.#promptLength = promptLength;
    this.#id = id;
  }

  status(seq: number): string {
    return encodeStatus(this.#id(seq), this.#status);
  }

  chunk(seq: number, content: string, chunk_index: number): string {
    return encodeChunk(this.#id(seq), { content, chunk_index, finish_reason: null });
  }

  notice(notice: NoticeEvent): string {
    return encodeNotice(notice);
  }

  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string {
    return encodeComplete(this.#id(seq), {
      thread_id: this.#status.thread_id,
      chunk_count: summary.chunks,
      total_length: summary.length,
      duration_ms: Math.round(durationMs),
      finish_reason: end.finishReason,
      usage: answerUsage(end, () => this.#promptLength, summary.length),
      sha256: summary.sha256,
    });
  }

  error(seq: number, error: WeirError, delivered: number): string {
    return encodeError(this.#id(seq), error, this.#status.thread_id, delivered);
  }
}
