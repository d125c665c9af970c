import { argumentsObject } from '../custom_tool.ts';
import { isWholeObject } from '../json_object.ts';
import { type OpenCall, OpenCalls } from '../open_calls.ts';
import { sealText } from '../reasoning_seal.ts';
import type { Citation, FinishReason, ReasoningSeal, StreamPart, StreamWriter, TokenUsage } from '../stream_part.ts';
import { uiMessageFinishReason, uiMessageUsage } from './ui_message_end.ts';

export interface UiMessageHead {
  /** Of the assistant's message; a message of this id in the client's list is replaced. */
  messageId: string;
  /** Said at the end, with the usage; undefined members are left out. */
  metadata: Readonly<Record<string, string | undefined>>;
}

interface Call extends OpenCall {
  id: string;
  name: string;
}

const INVALID_INPUT = 'The model wrote arguments that are no JSON object.';

/**
 * Writes the AI SDK's UI message stream, with one step. A block ends where another kind of part begins. The input of a
 * tool call is available once it is whole: the inputs of several may come in turns, and with text between.
 */
export class UiMessageWriter implements StreamWriter {
  readonly #head: UiMessageHead;
  #open: { kind: 'text' | 'reasoning'; id: number } | undefined;
  readonly #calls = new OpenCalls<Call>();
  #blocks = 0;
  #sources = 0;
  #usage: TokenUsage | undefined;

  constructor(head: UiMessageHead) {
    this.#head = head;
  }

  begin(): string {
    return chunk({ type: 'start', messageId: this.#head.messageId }) + chunk({ type: 'start-step' });
  }

  write(part: StreamPart): string {
    switch (part.type) {
      // There is no part for a refusal: it is text, and the finish reason says what it is.
      case 'text':
      case 'refusal':
        return this.#block('text') + this.#delta('text', part.text);
      case 'reasoning':
        return this.#block('reasoning') + this.#delta('reasoning', part.text);
      case 'reasoning_seal':
        return this.#seal(part.seal);
      case 'tool_call': {
        const { index, id, name } = part;
        const close = this.#close();
        this.#calls.begin(index, { id, name, json: '' });
        return close + chunk({ type: 'tool-input-start', toolCallId: id, toolName: name });
      }
      case 'tool_arguments': {
        const { id } = this.#calls.argue(part.index, part.json);
        return chunk({ type: 'tool-input-delta', toolCallId: id, inputTextDelta: part.json });
      }
      case 'citation':
        return this.#source(part.citation);
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        return this.#end(part.reason);
      // Its client stopped it: the SDK knows that as something else than a failure.
      case 'error':
        if (part.error.code === 'cancelled') return chunk({ type: 'abort' }) + DONE;
        return chunk({ type: 'error', errorText: part.error.message });
    }
  }

  #block(kind: 'text' | 'reasoning'): string {
    if (this.#open?.kind === kind) return '';
    const close = this.#close();
    const id = this.#blocks;
    this.#blocks += 1;
    this.#open = { kind, id };
    return `${close}data: {"type":"${kind}-start","id":"${id}"}\n\n`;
  }

  #delta(kind: 'text' | 'reasoning', text: string): string {
    const { id } = this.#open as { id: number };
    return `data: {"type":"${kind}-delta","id":"${id}","delta":${JSON.stringify(text)}}\n\n`;
  }

  /** What seals no text that was said has a block of its own. */
  #seal(seal: ReasoningSeal): string {
    const start = this.#block('reasoning');
    const { id } = this.#open as { id: number };
    this.#open = undefined;
    const providerMetadata = { weir: { seal: sealText(seal, undefined) } };
    return start + chunk({ type: 'reasoning-end', id: `${id}`, providerMetadata });
  }

  #source({ url, title }: Citation): string {
    const sourceId = `${this.#sources}`;
    this.#sources += 1;
    return chunk({ type: 'source-url', sourceId, url, ...(title === '' ? {} : { title }) });
  }

  /** Another block begins. */
  #close(): string {
    let ends = '';
    if (this.#open) ends = `data: {"type":"${this.#open.kind}-end","id":"${this.#open.id}"}\n\n`;
    this.#open = undefined;
    for (const call of this.#calls.takeWhole()) ends += input(call);
    return ends;
  }

  #end(reason: FinishReason): string {
    const ends = this.#close() + this.#calls.takeAll().map(input).join('');
    const usage = this.#usage && uiMessageUsage(this.#usage);
    const metadata = chunk({ type: 'message-metadata', messageMetadata: { ...this.#head.metadata, usage } });
    const finish = chunk({ type: 'finish', finishReason: uiMessageFinishReason(reason) });
    return `${ends}${metadata}${chunk({ type: 'finish-step' })}${finish}${DONE}`;
  }
}

const DONE = 'data: [DONE]\n\n';

/** A model can write arguments that are no JSON, and an answer that is cut off ends in the middle of them. */
function input({ id: toolCallId, name: toolName, json }: Call): string {
  if (json.trim() === '' || isWholeObject(json)) {
    return chunk({ type: 'tool-input-available', toolCallId, toolName, input: argumentsObject(json) });
  }
  return chunk({ type: 'tool-input-error', toolCallId, toolName, input: json, errorText: INVALID_INPUT });
}

function chunk(data: { type: string } & Record<string, unknown>): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
