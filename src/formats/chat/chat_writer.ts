import { type JsonObject, listOf, objectOf } from '../json_object.ts';
import { openAiError } from '../openai_error.ts';
import type { Citation, FinishReason, ReasoningSeal, StreamPart, StreamWriter, TokenUsage } from '../stream_part.ts';
import { chatFinishReason, chatUsage } from './chat_end.ts';
import { reasoningDetails } from './reasoning_detail.ts';

/** What all chunks of one answer have in common. */
export interface ChatHead {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
}

/** Writes chunks of a chat completion. Reasoning goes where DeepSeek and OpenRouter have it. */
export class ChatWriter implements StreamWriter {
  readonly #prefix: string;
  readonly #includeUsage: boolean;
  readonly #callsFunctions: boolean;
  readonly #hasFinished: boolean;
  #usage: TokenUsage | undefined;
  #refused = false;
  /** Since the last seal. */
  #reasoning = '';

  /** @param body of the request: how its client reads usage and calls; @param hasFinished the reason was written already */
  constructor({ id, created, model }: ChatHead, body: JsonObject, hasFinished = false) {
    this.#hasFinished = hasFinished;
    this.#prefix = JSON.stringify({ id, object: 'chat.completion.chunk', created, model }).slice(0, -1);
    this.#includeUsage = objectOf(body.stream_options)?.include_usage === true;
    this.#callsFunctions = callsFunctions(body);
  }

  begin(): string {
    return this.#chunk('{"role":"assistant","content":""}');
  }

  write(part: StreamPart): string {
    switch (part.type) {
      case 'text':
        return this.#chunk(`{"content":${JSON.stringify(part.text)}}`);
      case 'reasoning':
        this.#reasoning += part.text;
        return this.#chunk(`{"reasoning_content":${JSON.stringify(part.text)}}`);
      case 'reasoning_seal':
        return this.#seal(part.seal);
      case 'tool_call':
        if (this.#callsFunctions) return this.#functionCall(part.index, { name: part.name, arguments: '' });
        return this.#chunk(
          JSON.stringify({ tool_calls: [{ index: part.index, ...chatCall(part.id, part.name, '') }] }),
        );
      case 'tool_arguments':
        if (this.#callsFunctions) return this.#functionCall(part.index, { arguments: part.json });
        return this.#chunk(
          `{"tool_calls":[{"index":${part.index},"function":{"arguments":${JSON.stringify(part.json)}}}]}`,
        );
      case 'refusal':
        this.#refused = true;
        return this.#chunk(`{"refusal":${JSON.stringify(part.text)}}`);
      case 'citation':
        return this.#chunk(JSON.stringify({ annotations: [chatAnnotation(part.citation)] }));
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        return this.#end(part.reason);
      case 'error':
        return `data: ${JSON.stringify(openAiError(part.error))}\n\n`;
    }
  }

  /** The older form has room for one call. */
  #functionCall(index: number, function_call: object): string {
    return index === 0 ? this.#chunk(JSON.stringify({ function_call })) : '';
  }

  #seal(seal: ReasoningSeal): string {
    const reasoning_details = reasoningDetails(seal, this.#reasoning);
    this.#reasoning = '';
    return this.#chunk(JSON.stringify({ reasoning_details }));
  }

  #end(reason: FinishReason): string {
    if (this.#hasFinished) return 'data: [DONE]\n\n';
    const counted =
      this.#includeUsage && this.#usage
        ? `data: ${this.#prefix},"choices":[],"usage":${JSON.stringify(chatUsage(this.#usage))}}\n\n`
        : '';
    const word = chatFinishReason(reason, this.#refused, this.#callsFunctions);
    return `${this.#chunk('{}', `"${word}"`)}${counted}data: [DONE]\n\n`;
  }

  /** @param delta JSON; @param finishReason JSON */
  #chunk(delta: string, finishReason = 'null'): string {
    return `data: ${this.#prefix},"choices":[{"index":0,"delta":${delta},"finish_reason":${finishReason}}]}\n\n`;
  }
}

/** Whether a client calls its tools by their older name. */
function callsFunctions({ functions, tools }: JsonObject): boolean {
  return listOf(functions).length > 0 && listOf(tools).length === 0;
}

/**
 * @param body of the request, as for {@link ChatWriter}; @param parts of a whole answer, without an error
 * @returns the body of a chat completion that is not streamed
 */
export function chatAnswer({ id, created, model }: ChatHead, body: JsonObject, parts: readonly StreamPart[]): object {
  const asFunction = callsFunctions(body);
  let [content, reasoning, refusal, unsealed] = ['', '', '', ''];
  let finish: FinishReason = 'stop';
  let usage: TokenUsage | undefined;
  const details: object[] = [];
  const annotations: object[] = [];
  const calls: ReturnType<typeof chatCall>[] = [];
  for (const part of parts) {
    if (part.type === 'text') content += part.text;
    else if (part.type === 'reasoning') {
      reasoning += part.text;
      unsealed += part.text;
    } else if (part.type === 'refusal') refusal += part.text;
    else if (part.type === 'reasoning_seal') {
      details.push(...reasoningDetails(part.seal, unsealed));
      unsealed = '';
    } else if (part.type === 'citation') annotations.push(chatAnnotation(part.citation));
    else if (part.type === 'tool_call') calls[part.index] = chatCall(part.id, part.name, '');
    else if (part.type === 'tool_arguments')
      (calls[part.index] as ReturnType<typeof chatCall>).function.arguments += part.json;
    else if (part.type === 'usage') usage = part.usage;
    else if (part.type === 'finish') finish = part.reason;
  }
  if (details.length > 0 && unsealed !== '') details.push({ type: 'reasoning.text', text: unsealed });
  const message = {
    role: 'assistant',
    content: content === '' && (calls.length > 0 || refusal !== '') ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(calls.length === 0 ? {} : asFunction ? { function_call: calls[0]?.function } : { tool_calls: calls }),
  };
  const choice = {
    index: 0,
    message,
    logprobs: null,
    finish_reason: chatFinishReason(finish, refusal !== '', asFunction),
  };
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [choice],
    ...(usage ? { usage: chatUsage(usage) } : {}),
  };
}

function chatCall(id: string, name: string, json: string) {
  return { id, type: 'function' as const, function: { name, arguments: json } };
}

function chatAnnotation({ url, title, start, end }: Citation): object {
  return { type: 'url_citation', url_citation: { url, title, start_index: start ?? 0, end_index: end ?? 0 } };
}
