import type { JsonObject } from './json_object.ts';
import type { ReasoningSeal } from './stream_part.ts';

/** Whose id of a file or image it is: other providers do not know it. */
export type FileOwner = 'openai' | 'anthropic';

/**
 * A piece of a message. Images and files are a `data:` or `https:` address, or the provider's id; `at` is their place
 * in the client's body, as in `messages.2.content.0`. A file may also be plain text. `opaque` is what only one format
 * has: that format writes it back, every other one refuses it.
 */
export type MessagePart = (
  | { type: 'text'; text: string }
  | { type: 'image'; at: string; url?: string; id?: string; owner?: FileOwner; detail?: string }
  | { type: 'file'; at: string; url?: string; text?: string; id?: string; owner?: FileOwner; name?: string }
  | { type: 'reasoning'; text: string }
  | { type: 'reasoning_seal'; seal: ReasoningSeal }
  | { type: 'refusal'; text: string }
  | { type: 'tool_call'; id: string; name: string; json: string }
  | { type: 'tool_result'; id: string; parts: readonly MessagePart[]; failed: boolean }
  | { type: 'opaque'; at: string; format: 'chat' | 'responses' | 'messages'; value: JsonObject }
) & { cache?: CacheControl };

/** Where a prefix for the provider's cache ends: `{type: 'ephemeral', ttl?}`, as Anthropic has it. */
export type CacheControl = JsonObject;

/** `tool` holds results of calls and nothing else. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  parts: readonly MessagePart[];
  /** Members of the message that only chat has, as `name` and `prefix`: chat writes them back. */
  more?: JsonObject;
  /** Where the message stands in the client's body; where it has `more`. */
  at?: string;
}

/** A function. Tools of other kinds are read as functions; the client's own format turns their calls back. */
export interface Tool {
  name: string;
  description?: string;
  /** JSON schema of its arguments. */
  parameters: JsonObject;
  strict?: boolean;
  cache?: CacheControl;
}

export interface RequestedReasoning {
  /** `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`, or a word of the provider's. */
  effort?: string;
  budgetTokens?: number;
  /** Whether the client wants to read what the model thinks: `auto`, `concise`, `detailed`, or `omitted`. */
  summary?: string;
}

/** What one format asks of a model, in the terms of none. Members that the request leaves out are undefined. */
export interface GenerationRequest {
  model: string;
  stream: boolean;
  messages: readonly Message[];
  tools: readonly Tool[];
  toolChoice: 'auto' | 'none' | 'required' | { name: string } | undefined;
  parallelToolCalls: boolean | undefined;
  maxTokens: number | undefined;
  temperature: number | undefined;
  topP: number | undefined;
  topK: number | undefined;
  stop: readonly string[] | undefined;
  seed: number | undefined;
  reasoning: RequestedReasoning | undefined;
  output: { type: 'json' } | { type: 'schema'; name: string; schema: JsonObject; strict: boolean } | undefined;
  /** `low`, `medium`, `high`. */
  verbosity: string | undefined;
  /** An id of the person for whom the client asks; no name. */
  user: string | undefined;
  metadata: JsonObject | undefined;
  promptCacheKey: string | undefined;
  serviceTier: string | undefined;
  /** What the client calls the members above, where that is not their name with underscores. */
  names: Readonly<Partial<Record<keyof GenerationRequest, string>>>;
  /** Fields that no member above holds and that would change the answer, by their path: other formats refuse them. */
  unread: readonly string[];
  /** Why, and what to do, where the format knows more of one than that others have nothing like it. */
  reasons?: ReadonlyMap<string, string>;
  /** The same for fields that can be left out without harm. */
  ignored: readonly string[];
}
