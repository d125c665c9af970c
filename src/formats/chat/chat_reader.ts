import { deltaBegins } from '../event_parser.ts';
import { countOf, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import type { StreamPart, StreamReader, TokenUsage } from '../stream_part.ts';
import { ToolCallIndex } from '../tool_call_index.ts';
import { type ChatChunk, parseChatChunk, plainContent } from './chat_chunk.ts';
import { chatFinishOf, chatUsageOf, isBrokenOff } from './chat_end.ts';
import { readReasoningDetail } from './reasoning_detail.ts';
import { thoughtSeal } from './thought_signature.ts';

/** The first choice of chat completions: OpenAI's, and what DeepSeek, vLLM, Mistral, Gemini and OpenRouter add to it. */
export class ChatReader implements StreamReader {
  readonly plainText = plainContent;
  readonly #state = new MessageState();
  #usage: TokenUsage | undefined;
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
    return endParts(this.#usage, this.finishReason, this.#state);
  }

  #readChunk({ usage, choices }: ChatChunk, parts: StreamPart[]): void {
    if (usage !== undefined && usage !== null) this.#usage = chatUsageOf(usage);
    for (const { index, delta, finish_reason, error } of choices ?? []) {
      if ((index ?? 0) !== 0) continue;
      if (delta) {
        this.hasBegun ||= deltaBegins(delta);
        readMessage(delta, this.#state, parts);
        if (parts.at(-1)?.type === 'error') return;
      }
      if (finish_reason) this.finishReason ??= finish_reason;
      if (isBrokenOff(finish_reason)) parts.push(brokenOff(finish_reason, error));
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
  const state = new MessageState();
  readMessage(message, state, parts);
  if (parts.at(-1)?.type === 'error') return parts;
  if (isBrokenOff(choice?.finish_reason)) return [...parts, brokenOff(choice?.finish_reason, choice?.error)];
  return [...parts, ...endParts(chatUsageOf(answer?.usage), choice?.finish_reason, state)];
}

function brokenOff(word: unknown, error: unknown): StreamPart {
  return providerError(error ?? { type: word });
}

/** What of a message the pieces so far have brought. */
class MessageState {
  readonly calls = new ToolCallIndex();
  refused = false;
  /** Since the last seal. */
  reasoning = '';
}

/**
 * OpenAI's models stop by themselves after they have refused in words, or called the tool that they were made to call;
 * other servers say so of every call.
 */
function endParts(usage: TokenUsage | undefined, word: unknown, { calls, refused }: MessageState): StreamPart[] {
  const known = chatFinishOf(word);
  const reason = known !== 'stop' ? known : calls.count > 0 ? 'tool_calls' : refused ? 'refusal' : 'stop';
  const finish: StreamPart = { type: 'finish', reason };
  return usage ? [{ type: 'usage', usage }, finish] : [finish];
}

/** What a message or a piece of one holds, in the order in which models say it. An `error` is the last part. */
function readMessage(message: JsonObject, state: MessageState, parts: StreamPart[]): void {
  readReasoning(message, state, parts);
  if (!readContent(message.content, parts)) {
    parts.push(protocolError('"content" is neither text nor a list of parts'));
    return;
  }
  const refusal = textOf(message.refusal);
  if (refusal !== '') {
    state.refused = true;
    parts.push({ type: 'refusal', text: refusal });
  }
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
    const before = parts.length;
    const error = state.calls.read(key, textOf(call?.id), textOf(asked.name), asked.arguments, parts);
    const begun = parts[before];
    const seal = call && begun?.type === 'tool_call' ? thoughtSeal(call, begun.id) : undefined;
    if (seal) parts.splice(before, 0, { type: 'reasoning_seal', seal });
    if (error !== undefined) {
      parts.push(protocolError(error));
      return;
    }
  }
}

/**
 * OpenRouter says the same reasoning twice: as details, which hold the seals, and as text. An entry with a seal may
 * repeat the text of the whole block.
 */
function readReasoning(message: JsonObject, state: MessageState, parts: StreamPart[]): void {
  if (message.reasoning_details == null) {
    think(textOf(message.reasoning_content) || textOf(message.reasoning), state, parts);
    return;
  }
  const details = listOf(message.reasoning_details).flatMap((entry) => {
    const detail = objectOf(entry);
    return detail ? [readReasoningDetail(detail)] : [];
  });
  const isSealed = details.some(({ seal }) => seal !== undefined);
  const hasText = details.some(({ text }) => text !== '');
  if (!hasText) think(textOf(message.reasoning_content) || textOf(message.reasoning), state, parts);
  for (const { text, seal } of details) {
    if (!(isSealed && text === state.reasoning)) think(text, state, parts);
    if (!seal) continue;
    parts.push({ type: 'reasoning_seal', seal });
    state.reasoning = '';
  }
}

function think(text: string, state: MessageState, parts: StreamPart[]): void {
  if (text === '') return;
  parts.push({ type: 'reasoning', text });
  state.reasoning += text;
}

/** Text, nothing, or a list of parts (Mistral's models that reason send their thinking there). */
function readContent(content: unknown, parts: StreamPart[]): boolean {
  if (content === undefined || content === null || content === '') return true;
  if (typeof content === 'string') parts.push({ type: 'text', text: content });
  else if (!Array.isArray(content)) return false;
  let text = '';
  for (const entry of listOf(content)) {
    const part = objectOf(entry);
    if (!part || typeof part.type !== 'string') return false;
    if (part.type === 'text') {
      if (typeof part.text !== 'string') return false;
      text += part.text;
    }
    if (part.type !== 'thinking') continue;
    if (text !== '') parts.push({ type: 'text', text });
    text = '';
    const pieces = listOf(part.thinking).map((piece) => textOf(objectOf(piece)?.text));
    if (pieces.some((piece) => piece !== '')) parts.push({ type: 'reasoning', text: pieces.join('') });
  }
  if (text !== '') parts.push({ type: 'text', text });
  return true;
}
