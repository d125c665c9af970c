import { deltaBegins } from '../event_parser.ts';
import { countOf, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import type { ReasoningSeal, StreamPart, StreamReader, TokenUsage } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';
import { type ChatChunk, parseChatChunk, plainContent } from './chat_chunk.ts';
import { chatFinishOf, chatUsageOf } from './chat_end.ts';

/** The first choice of chat completions: OpenAI's, and what DeepSeek, vLLM, Mistral and OpenRouter add to it. */
export class ChatReader implements StreamReader {
  readonly plainText = plainContent;
  readonly #calls = new ToolCallIndex();
  #usage: TokenUsage | undefined;
  #refused = false;
  #over = false;
  finishReason: string | undefined;
  hasBegun = false;

  /** A server that sends no `[DONE]` has said all when it has given its finish reason. */
  get complete(): boolean {
    return this.finishReason !== undefined;
  }

  read(data: string): readonly StreamPart[] {
    if (this.#over) return [];
    if (data === '[DONE]') return this.#end();
    const chunk = parseChatChunk(data);
    const parts: StreamPart[] = [];
    if (!chunk) parts.push(protocolError('an event is no chunk of a chat completion'));
    else if (chunk.error) parts.push(providerError(chunk.error));
    else this.#readChunk(chunk, parts);
    this.#over = parts.at(-1)?.type === 'error';
    return parts;
  }

  end(): readonly StreamPart[] {
    if (this.#over) return [];
    if (this.complete) return this.#end();
    this.#over = true;
    return [truncated()];
  }

  #end(): StreamPart[] {
    this.#over = true;
    return endParts(this.#usage, this.finishReason, this.#refused);
  }

  #readChunk({ usage, choices }: ChatChunk, parts: StreamPart[]): void {
    if (usage !== undefined && usage !== null) this.#usage = chatUsageOf(usage);
    for (const { index, delta, finish_reason } of choices ?? []) {
      if ((index ?? 0) !== 0) continue;
      if (delta) {
        this.hasBegun ||= deltaBegins(delta);
        readMessage(delta, this.#calls, parts);
        if (parts.at(-1)?.type === 'error') return;
        if (delta.refusal) this.#refused = true;
      }
      if (finish_reason) this.finishReason ??= finish_reason;
    }
  }
}

/** @param body a whole chat completion @returns its parts; an `error` where it is none */
export function readChatAnswer(body: unknown): readonly StreamPart[] {
  const answer = objectOf(body);
  if (answer?.error) return [providerError(answer.error)];
  const choice = objectOf(listOf(answer?.choices).find((entry) => (objectOf(entry)?.index ?? 0) === 0));
  const message = objectOf(choice?.message);
  if (!message) return [protocolError('the answer has no message')];
  const parts: StreamPart[] = [];
  readMessage(message, new ToolCallIndex(), parts);
  if (parts.at(-1)?.type === 'error') return parts;
  return [...parts, ...endParts(chatUsageOf(answer?.usage), choice?.finish_reason, Boolean(message.refusal))];
}

/** @param refused OpenAI's models stop by themselves after they have refused in words */
function endParts(usage: TokenUsage | undefined, word: unknown, refused: boolean): StreamPart[] {
  const reason = chatFinishOf(word);
  const finish: StreamPart = { type: 'finish', reason: refused && reason === 'stop' ? 'refusal' : reason };
  return usage ? [{ type: 'usage', usage }, finish] : [finish];
}

/** What a message or a piece of one holds, in the order in which models say it. An `error` is the last part. */
export function readMessage(message: JsonObject, calls: ToolCallIndex, parts: StreamPart[]): void {
  readReasoning(message, parts);
  if (!readContent(message.content, parts)) {
    parts.push(protocolError('"content" is neither text nor a list of parts'));
    return;
  }
  if (message.refusal) parts.push({ type: 'refusal', text: textOf(message.refusal) });
  for (const entry of listOf(message.annotations)) {
    const { url, title, start_index, end_index } = objectOf(objectOf(entry)?.url_citation) ?? {};
    if (typeof url !== 'string') continue;
    const [start, end] = [countOf(start_index), countOf(end_index)];
    const places = start === undefined || end === undefined ? {} : { start, end };
    parts.push({ type: 'citation', citation: { url, title: textOf(title), ...places } });
  }
  for (const [position, entry] of listOf(message.tool_calls).entries()) {
    const call = objectOf(entry);
    const asked = objectOf(call?.function) ?? {};
    // A few servers leave the index out and send each call whole.
    const key = countOf(call?.index) ?? position;
    const error = calls.read(key, textOf(call?.id), textOf(asked.name), asked.arguments, parts);
    if (error !== undefined) {
      parts.push(protocolError(error));
      return;
    }
  }
}

/** OpenRouter says the same reasoning twice: as details, which hold the signatures, and as text. */
function readReasoning(message: JsonObject, parts: StreamPart[]): void {
  const details = listOf(message.reasoning_details).flatMap((entry): JsonObject[] => {
    const detail = objectOf(entry);
    return detail ? [detail] : [];
  });
  for (const { type, text, summary, signature, data, id } of details) {
    const said = textOf(text) || textOf(summary);
    if (said) parts.push({ type: 'reasoning', text: said });
    const kind = SEALS[textOf(type)];
    const sealed = textOf(signature) || textOf(data);
    if (!kind || !sealed) continue;
    parts.push({ type: 'reasoning_seal', seal: { kind, data: sealed, ...(typeof id === 'string' ? { id } : {}) } });
  }
  if (details.some(({ text, summary }) => text || summary)) return;
  const text = textOf(message.reasoning_content) || textOf(message.reasoning);
  if (text) parts.push({ type: 'reasoning', text });
}

/** By the type of an entry of `reasoning_details`, what it seals. */
export const SEALS: Record<string, ReasoningSeal['kind']> = {
  'reasoning.text': 'signature',
  'reasoning.encrypted': 'encrypted',
  'reasoning.redacted': 'redacted',
};

/** Text, nothing, or a list of parts (Mistral's models that reason send their thinking there). */
function readContent(content: unknown, parts: StreamPart[]): boolean {
  if (content === undefined || content === null || content === '') return true;
  if (typeof content === 'string') parts.push({ type: 'text', text: content });
  else if (!Array.isArray(content)) return false;
  for (const entry of listOf(content)) {
    const part = objectOf(entry);
    if (part?.type === 'text') {
      if (part.text) parts.push({ type: 'text', text: textOf(part.text) });
    } else if (part?.type === 'thinking') {
      const text = listOf(part.thinking)
        .map((piece) => textOf(objectOf(piece)?.text))
        .join('');
      if (text) parts.push({ type: 'reasoning', text });
    } else if (!part) return false;
  }
  return true;
}
