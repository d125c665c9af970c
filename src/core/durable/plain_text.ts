import type { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { Encoder } from '../stream/encoder.ts';
import type { TranscriptSummary } from '../stream/transcript.ts';
import type { AnswerEnd } from '../upstream/upstream.ts';

/** The log holds plain text; each reader's frames are made of it when they are sent. The end is a frame already. */
export class PlainText implements Encoder {
  readonly wantsParts = false;
  readonly heartbeat: string;
  readonly #encoder: Encoder;

  constructor(encoder: Encoder) {
    this.#encoder = encoder;
    this.heartbeat = encoder.heartbeat;
  }

  status(seq: number): string {
    return this.#encoder.status(seq);
  }

  chunk(_seq: number, text: string): string {
    return text;
  }

  /** Its log holds no parts yet. */
  part(): string {
    return '';
  }

  notice(notice: NoticeEvent): string {
    return this.#encoder.notice(notice);
  }

  complete(seq: number, summary: TranscriptSummary, end: AnswerEnd, durationMs: number): string {
    return this.#encoder.complete(seq, summary, end, durationMs);
  }

  error(seq: number, error: WeirError, delivered: number): string {
    return this.#encoder.error(seq, error, delivered);
  }
}
