import type { AnswerEnd } from '../../core/provider/provider.ts';
import type { Encoder } from '../../core/stream/encoder.ts';
import type { TranscriptSummary } from '../../core/stream/transcript.ts';
import {
  CHAT_DONE,
  type ChatHead,
  type ChatUsage,
  chatChunk,
  chatError,
  chatPrefix,
  chatUsageChunk,
} from '../../protocol/chat_frames.ts';
import type { WeirError } from '../../protocol/error_code.ts';
import { HEARTBEAT } from '../../protocol/weir_encoder.ts';

/** The encoder of `/v1/chat/completions`, for providers whose answers are made here. */
export class ChatDoor implements Encoder {
  readonly heartbeat = HEARTBEAT;
  readonly #prefix: string;
  readonly #includeUsage: boolean;

  constructor(head: ChatHead, includeUsage: boolean) {
    this.#prefix = chatPrefix(head);
    this.#includeUsage = includeUsage;
  }

  status(): string {
    return chatChunk(this.#prefix, '{"role":"assistant","content":""}', null);
  }

  chunk(_seq: number, text: string): string {
    return chatChunk(this.#prefix, `{"content":${JSON.stringify(text)}}`, null);
  }

  /** There is no word for it in this protocol. */
  notice(): string {
    return HEARTBEAT;
  }

  complete(_seq: number, _summary: TranscriptSummary, end: AnswerEnd): string {
    const usage = this.#includeUsage ? chatUsageChunk(this.#prefix, chatUsage(end)) : '';
    return chatChunk(this.#prefix, '{}', end.finishReason ?? 'stop') + usage + CHAT_DONE;
  }

  error(_seq: number, error: WeirError): string {
    return chatError(error);
  }
}

export function chatUsage({ usage }: AnswerEnd): ChatUsage {
  const { input_tokens: prompt_tokens = 0, output_tokens: completion_tokens = 0 } = usage ?? {};
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
