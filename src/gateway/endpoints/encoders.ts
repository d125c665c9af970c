import type { Encoder } from '../../core/stream/encoder.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import { endParts } from '../../core/stream/whole_answer.ts';
import type { AnswerEnd } from '../../core/upstream/upstream.ts';
import { answerUsage } from '../../core/usage/stream_usage.ts';
import type { WeirError } from '../../formats/error_code.ts';
import type { AnswerHead, StreamFormat } from '../../formats/format.ts';
import type { JsonObject } from '../../formats/json_object.ts';
import { type AnswerPart, lengthOf, type StreamWriter } from '../../formats/stream_part.ts';
import type { NoticeEvent, StatusEvent } from '../../formats/weir/stream_event.ts';
import {
  encodeChunk,
  encodeCitation,
  encodeComplete,
  encodeError,
  encodeNotice,
  encodeReasoning,
  encodeRefusal,
  encodeStatus,
  encodeToolCall,
  HEARTBEAT,
  noticeComment,
} from '../../formats/weir/weir_encoder.ts';

/** A plain stream has one owner from start to end: epoch 1. */
const plainId = (seq: number) => `1.${seq}`;

/** The encoder of `/api/v1/stream`. A class, as closures made for each stream would be fetched for each token. */
export class WeirEncoder implements Encoder {
  readonly wantsParts: boolean;
  readonly heartbeat = HEARTBEAT;
  readonly #status: StatusEvent;
  readonly #promptLength: number;
  readonly #id: (seq: number) => string;
  /** Of parts that are no text, in UTF-16 units. */
  #partsLength = 0;

  /**
   * @param status what its first event says; @param promptLength in UTF-16 units
   * @param wantsParts whether the client asked for more than text; @param id `<epoch>.<seq>` for a sequence number
   */
  constructor(status: StatusEvent, promptLength: number, wantsParts: boolean, id = plainId) {
    this.wantsParts = wantsParts;
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

  part(seq: number, part: AnswerPart): string {
    this.#partsLength += lengthOf(part);
    switch (part.type) {
      case 'reasoning':
        return encodeReasoning(this.#id(seq), { content: part.text });
      case 'tool_call':
        return encodeToolCall(this.#id(seq), { index: part.index, id: part.id, name: part.name, arguments: '' });
      case 'tool_arguments':
        return encodeToolCall(this.#id(seq), { index: part.index, arguments: part.json });
      case 'refusal':
        return encodeRefusal(this.#id(seq), { content: part.text });
      case 'citation':
        return encodeCitation(this.#id(seq), part.citation);
      // Only a client that sends reasoning back has a use for it.
      case 'reasoning_seal':
        return '';
    }
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
      finish_reason: weirFinishReason(end),
      usage: answerUsage(end, () => this.#promptLength, summary.length + this.#partsLength),
      sha256: summary.sha256,
    });
  }

  error(seq: number, error: WeirError, delivered: number): string {
    return encodeError(this.#id(seq), error, this.#status.thread_id, delivered);
  }
}

/** The neutral word; the provider's own where it is none that its format has. */
function weirFinishReason({ finish, finishReason }: AnswerEnd): string | null {
  return finish === 'other' ? finishReason : finish;
}

/** Writes an answer in parts in a format of others; of an answer in bytes only its failure. */
export class FormatEncoder implements Encoder {
  readonly wantsParts = true;
  readonly heartbeat = HEARTBEAT;
  readonly #format: StreamFormat;
  readonly #head: Omit<AnswerHead, 'body'>;
  readonly #body: () => JsonObject;
  readonly #saysNotices: boolean;
  #writer: StreamWriter | undefined;

  /**
   * @param body asked once the answer begins: it may cost a parse
   * @param more `saysNotices`: as comments; `writer` of an answer that another instance began
   */
  constructor(
    format: StreamFormat,
    head: Omit<AnswerHead, 'body'>,
    body: () => JsonObject,
    { saysNotices = false, writer }: { saysNotices?: boolean; writer?: StreamWriter } = {},
  ) {
    this.#saysNotices = saysNotices;
    this.#writer = writer;
    this.#format = format;
    this.#head = head;
    this.#body = body;
  }

  status(): string {
    this.#writer = this.#format.writer({ ...this.#head, body: this.#body() });
    return this.#writer.begin();
  }

  chunk(_seq: number, text: string): string {
    return (this.#writer as StreamWriter).write({ type: 'text', text });
  }

  part(_seq: number, part: AnswerPart): string {
    return (this.#writer as StreamWriter).write(part);
  }

  /** These formats have no event for it. */
  notice(notice: NoticeEvent): string {
    return this.#saysNotices ? noticeComment(notice) : '';
  }

  complete(_seq: number, _summary: TranscriptSummary, end: AnswerEnd): string {
    const writer = this.#writer as StreamWriter;
    return endParts(end)
      .map((part) => writer.write(part))
      .join('');
  }

  error(_seq: number, error: WeirError): string {
    const writer = this.#writer ?? this.#format.writer({ ...this.#head, body: {} });
    return writer.write({ type: 'error', error });
  }
}
