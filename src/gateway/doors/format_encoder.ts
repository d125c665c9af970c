import type { AnswerEnd } from '../../core/provider/provider.ts';
import type { Encoder } from '../../core/stream/encoder.ts';
import type { Sink } from '../../core/stream/sink.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import type { WeirError } from '../../formats/error_code.ts';
import type { AnswerHead, Format } from '../../formats/format.ts';
import type { FinishReason, StreamPart, StreamWriter } from '../../formats/stream_part.ts';
import { HEARTBEAT } from '../../formats/weir/weir_encoder.ts';

/** Writes an answer that is made here as events of a client's format. */
export class FormatEncoder implements Encoder {
  readonly heartbeat = HEARTBEAT;
  readonly #writer: StreamWriter;

  constructor(format: Format, head: AnswerHead) {
    this.#writer = format.writer(head);
  }

  status(): string {
    return this.#writer.begin();
  }

  chunk(_seq: number, text: string): string {
    return this.#writer.write({ type: 'text', text });
  }

  /** These formats have no event for it. */
  notice(): string {
    return HEARTBEAT;
  }

  complete(_seq: number, _summary: TranscriptSummary, end: AnswerEnd): string {
    return endParts(end)
      .map((part) => this.#writer.write(part))
      .join('');
  }

  error(_seq: number, error: WeirError): string {
    return this.#writer.write({ type: 'error', error });
  }
}

/**
 * Collects a stream into one whole answer: an encoder whose frames are the bare text, and the sink that they go to.
 * Nothing leaves before the end, so that a failure is still a status. The provider bounds an answer that is made here.
 */
export class WholeAnswer implements Encoder, Sink {
  readonly heartbeat = '';
  readonly #format: Format;
  readonly #head: AnswerHead;
  #text = '';
  #answer: object | undefined;
  #error: WeirError | undefined;

  constructor(format: Format, head: AnswerHead) {
    this.#format = format;
    this.#head = head;
  }

  /** Once the stream is over. @throws WeirError what it failed with */
  take(): object | undefined {
    if (this.#error) throw this.#error;
    return this.#answer;
  }

  // --- Encoder

  status(): string {
    return '';
  }

  chunk(_seq: number, text: string): string {
    return text;
  }

  notice(): string {
    return '';
  }

  complete(_seq: number, _summary: TranscriptSummary, end: AnswerEnd): string {
    const text: StreamPart[] = this.#text === '' ? [] : [{ type: 'text', text: this.#text }];
    this.#answer = this.#format.writeAnswer(this.#head, [...text, ...endParts(end)]);
    return '';
  }

  error(_seq: number, error: WeirError): string {
    this.#error = error;
    return '';
  }

  // --- Sink

  open(): void {}

  write(frame: string): boolean {
    this.#text += frame;
    return true;
  }

  end(): void {}

  destroy(): void {}

  onDrain(): void {}

  takenWhileWaiting(): undefined {
    return undefined;
  }
}

const FINISH_REASONS: Record<string, FinishReason> = {
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
};

function endParts({ finishReason, usage }: AnswerEnd): StreamPart[] {
  const { input_tokens: input = 0, output_tokens: output = 0 } = usage ?? {};
  return [
    { type: 'usage', usage: { input, output } },
    { type: 'finish', reason: FINISH_REASONS[finishReason ?? 'stop'] ?? 'stop' },
  ];
}
