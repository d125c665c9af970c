import type { AnswerEnd } from '../../core/provider/provider.ts';
import type { Encoder } from '../../core/stream/encoder.ts';
import type { Sink } from '../../core/stream/sink.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import { type ChatHead, chatCompletion } from '../../protocol/chat_frames.ts';
import type { WeirError } from '../../protocol/error_code.ts';
import { chatUsage } from './chat_door.ts';

/**
 * Collects a stream into one `chat.completion`: an encoder whose frames are the bare text, and the sink that they go
 * to. Nothing leaves before the end, so that a failure is still a status. An answer made here has a bound of its own.
 */
export class WholeChat implements Encoder, Sink {
  readonly heartbeat = '';
  readonly #head: ChatHead;
  #content = '';
  #answer: object | undefined;
  #error: WeirError | undefined;

  constructor(head: ChatHead) {
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
    this.#answer = chatCompletion(this.#head, this.#content, end.finishReason ?? 'stop', chatUsage(end));
    return '';
  }

  error(_seq: number, error: WeirError): string {
    this.#error = error;
    return '';
  }

  // --- Sink

  open(): void {}

  write(frame: string): boolean {
    this.#content += frame;
    return true;
  }

  end(): void {}

  destroy(): void {}

  onDrain(): void {}

  takenWhileWaiting(): undefined {
    return undefined;
  }
}
