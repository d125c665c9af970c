/** A message of a conversation; more fields of OpenAI's chat, such as `tool_calls`, are passed on. */
export interface StreamMessageInput {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | { type: string; [field: string]: unknown }[] | null | undefined;
  [field: string]: unknown;
}

/** What the provider `fake` does; all of it may be left out. */
export interface FakeInput {
  /** Default 42. */
  seed?: number | undefined;
  /** Length of the answer. Default 100. */
  tokens?: number | undefined;
  /** Default 50; 0 means as fast as the reader reads. */
  tokens_per_second?: number | undefined;
  /** Milliseconds before the first token. Default 300. */
  ttft_ms?: number | undefined;
  /** Share by which each gap may vary, 0 to 1. Default 0. */
  jitter?: number | undefined;
  /** Sent instead of the made-up prose, cut into tokens; `tokens` then does not count. */
  text?: string | undefined;
  /** Thoughts before the text. Default 0. */
  reasoning_tokens?: number | undefined;
  /** Calls of tools after the text. Default 0. */
  tool_calls?: number | undefined;
  /** `none`, `error_before_head`, `hang_before_head`, `rate_limit`, `cut@N`, `error@N` or `hang@N`, with N tokens sent before. */
  fault?: string | undefined;
}

/** Body of `POST /api/v1/stream`, as clients write it. Exactly one of `query` and `messages` is needed. */
export interface StreamRequestInput {
  query?: string | undefined;
  messages?: StreamMessageInput[] | undefined;
  model: string;
  /** Default: the route or provider that `model` names, else the server's default. */
  provider?: string | undefined;
  stream?: true | undefined;
  /** Whether the stream survives its connection and its instance. Default false. */
  resumable?: boolean | undefined;
  /** Also sends `reasoning`, `tool_call`, `refusal` and `citation` events. */
  parts?: boolean | undefined;
  temperature?: number | undefined;
  max_tokens?: number | undefined;
  fake?: FakeInput | undefined;
}
