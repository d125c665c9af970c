import { z } from 'zod';
import { WeirError } from './error_code.ts';
import type { JsonObject } from './json_object.ts';
import type { ReasoningSeal } from './stream_part.ts';

/** A piece of a message. Images and files are a `data:` or `https:` address, or the provider's id of a file. */
export type MessagePart =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string; detail?: string }
  | { type: 'file'; url?: string; id?: string; name?: string }
  | { type: 'reasoning'; text: string }
  | { type: 'reasoning_seal'; seal: ReasoningSeal }
  | { type: 'refusal'; text: string }
  | { type: 'tool_call'; id: string; name: string; json: string }
  | { type: 'tool_result'; id: string; parts: readonly MessagePart[]; failed: boolean };

/** `tool` holds results of calls and nothing else. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  parts: readonly MessagePart[];
}

export interface Tool {
  name: string;
  description?: string;
  /** JSON schema of its arguments. */
  parameters: JsonObject;
  strict?: boolean;
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
  stop: readonly string[] | undefined;
  reasoning: { effort?: string; budgetTokens?: number } | undefined;
  output: { type: 'json' } | { type: 'schema'; name: string; schema: JsonObject; strict: boolean } | undefined;
  /** Fields and parts that no member above holds, by their path: `seed`, `messages.2.content.0`. */
  unread: readonly string[];
}

/**
 * Checks a body by a schema.
 * @throws WeirError validation_error, which names every bad field
 */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message }));
  const names = fields.map(({ field }) => field).join(', ');
  throw new WeirError('validation_error', {
    message: `Not valid: ${names}; details.fields says why.`,
    details: { fields },
  });
}

/** Sampling as all formats spell it. `null` is as good as nothing. */
export const samplingFields = {
  model: z.string().min(1).max(200),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
};

/** @returns the names of the body's fields that a format does not read */
export function unreadFields(
  body: JsonObject,
  read: Readonly<Record<string, unknown>>,
  more: readonly string[],
): string[] {
  return Object.keys(body).filter((name) => !Object.hasOwn(read, name) && !more.includes(name) && body[name] != null);
}
