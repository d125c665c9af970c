import type { ErrorCode } from '../error_code.ts';

/** First event of a stream: it was admitted and its provider answered (or is still being waited for). */
export interface StatusEvent {
  status: 'validated';
  thread_id: string;
  instance: string;
  model: string;
  provider: string;
  /** Only of resumable streams: a client that sends it as `X-Resume-Token` may attach and cancel. */
  resume_token?: string;
}

/** A piece of the answer. `chunk_index` is 1-based and contiguous. */
export interface ChunkEvent {
  content: string;
  chunk_index: number;
  finish_reason: string | null;
}

/** A piece of reasoning; only where the request has `parts`. It counts in no total of the terminal. */
export interface ReasoningEvent {
  content: string;
}

/**
 * A tool call, or a piece of its arguments; only where the request has `parts`. The first event of a call has `id` and
 * `name`; calls are numbered from 0, and the `arguments` of one joined are its JSON.
 */
export interface ToolCallEvent {
  index: number;
  id?: string;
  name?: string;
  arguments: string;
}

/** A piece of the model's refusal; only where the request has `parts`. It counts in no total of the terminal. */
export interface RefusalEvent {
  content: string;
}

/** A source of the text before it; only where the request has `parts`. Places are in characters, where the provider says them. */
export interface CitationEvent {
  url: string;
  title: string;
  start?: number;
  end?: number;
}

/** Tokens; `estimated` says that the provider reported none and these were derived from the text. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  /** Of the input, what the provider took from its prompt cache; absent where that is nothing, or not reported. */
  cached_input_tokens?: number;
  estimated: boolean;
}

/** Terminal of a whole answer, followed by `data: [DONE]` in the same write. */
export interface CompleteEvent {
  thread_id: string;
  chunk_count: number;
  /** Unicode code points of all content. */
  total_length: number;
  duration_ms: number;
  /** The same words for every provider; one that its format does not have is the provider's own. Null where it gave none. */
  finish_reason: string | null;
  usage: Usage;
  /** Hex SHA-256 of the UTF-8 of all content. */
  sha256: string;
}

/** Terminal of a failed answer; no `[DONE]` follows. `delivered` counts Unicode code points sent before it. */
export interface ErrorEvent {
  error: ErrorCode;
  message: string;
  retryable: boolean;
  thread_id: string;
  delivered: number;
}

/** May stand anywhere before the terminal; clients ignore kinds that they do not know. */
export interface NoticeEvent {
  kind: string;
  message?: string;
}

/** Every event of `/api/v1/stream`, as clients see it. */
export type StreamEvent =
  | { type: 'status'; id: string; data: StatusEvent }
  | { type: 'chunk'; id: string; data: ChunkEvent }
  | { type: 'reasoning'; id: string; data: ReasoningEvent }
  | { type: 'tool_call'; id: string; data: ToolCallEvent }
  | { type: 'refusal'; id: string; data: RefusalEvent }
  | { type: 'citation'; id: string; data: CitationEvent }
  | { type: 'notice'; id: ''; data: NoticeEvent }
  | { type: 'complete'; id: string; data: CompleteEvent }
  | { type: 'error'; id: string; data: ErrorEvent };
