import { WeirError } from '../error_code.ts';
import { parseTypedEvent } from '../event_parser.ts';
import { type JsonObject, objectOf, textOf } from '../json_object.ts';
import { protocolError, providerError, truncated } from '../provider_error.ts';
import { readSeal } from '../reasoning_seal.ts';
import type { StreamPart, StreamReader, TokenUsage } from '../stream_part.ts';
import { uiMessageFinishOf, uiMessageUsageOf } from './ui_message_end.ts';

interface Call {
  index: number;
  hasInput: boolean;
}

/** Reads the AI SDK's UI message stream: what the writer beside it has written, to go on from there. */
export class UiMessageReader implements StreamReader {
  readonly #calls = new Map<string, Call>();
  #count = 0;
  #usage: TokenUsage | undefined;
  #over = false;
  /** Its end is always an event. */
  readonly complete = false;
  hasBegun = false;
  finishReason: string | undefined;

  read(data: string): readonly StreamPart[] {
    if (this.#over || data === '[DONE]') return [];
    const event = parseTypedEvent(data);
    if (event?.type === undefined) return this.#last([protocolError('an event is no chunk of a UI message')]);
    const parts = this.#parts(event.type, event);
    this.hasBegun ||= parts.length > 0;
    return parts;
  }

  end(): readonly StreamPart[] {
    return this.#over ? [] : this.#last([truncated()]);
  }

  #parts(type: string, event: JsonObject): readonly StreamPart[] {
    switch (type) {
      case 'text-delta':
        return [{ type: 'text', text: textOf(event.delta) }];
      case 'reasoning-delta':
        return [{ type: 'reasoning', text: textOf(event.delta) }];
      case 'reasoning-end':
        return uiMessageSeal(event.providerMetadata);
      case 'source-url':
        return [{ type: 'citation', citation: { url: textOf(event.url), title: textOf(event.title) } }];
      case 'tool-input-start':
        return this.#call(event);
      case 'tool-input-delta':
        return this.#argue(event, textOf(event.inputTextDelta));
      case 'tool-input-available':
        return this.#input(event, JSON.stringify(event.input ?? {}));
      case 'tool-input-error':
        return this.#input(event, textOf(event.input));
      case 'message-metadata':
        this.#usage = uiMessageUsageOf(objectOf(event.messageMetadata)?.usage) ?? this.#usage;
        return [];
      case 'finish':
        return this.#last(this.#finish(event.finishReason));
      case 'abort':
        return this.#last([{ type: 'error', error: new WeirError('cancelled') }]);
      case 'error':
        return this.#last([providerError({ message: event.errorText })]);
      default:
        return [];
    }
  }

  #call({ toolCallId, toolName }: JsonObject): readonly StreamPart[] {
    const [id, name] = [textOf(toolCallId), textOf(toolName)];
    const index = this.#count;
    this.#count += 1;
    this.#calls.set(id, { index, hasInput: false });
    return [{ type: 'tool_call', index, id, name }];
  }

  #argue({ toolCallId }: JsonObject, json: string): readonly StreamPart[] {
    const call = this.#calls.get(textOf(toolCallId));
    if (!call) return this.#last([protocolError('an input belongs to no tool call')]);
    call.hasInput = true;
    return [{ type: 'tool_arguments', index: call.index, json }];
  }

  /** The whole input; its pieces may have come before it. */
  #input(event: JsonObject, json: string): readonly StreamPart[] {
    const begun = this.#calls.get(textOf(event.toolCallId));
    if (begun?.hasInput) return [];
    return [...(begun ? [] : this.#call(event)), ...this.#argue(event, json)];
  }

  #finish(word: unknown): StreamPart[] {
    this.finishReason = textOf(word) || undefined;
    const finish: StreamPart = { type: 'finish', reason: uiMessageFinishOf(word) };
    return this.#usage ? [{ type: 'usage', usage: this.#usage }, finish] : [finish];
  }

  #last(parts: StreamPart[]): StreamPart[] {
    this.#over = true;
    return parts;
  }
}

/** The seal of a block of reasoning, where the client gives it back or a stream brings it. */
export function uiMessageSeal(providerMetadata: unknown): (StreamPart & { type: 'reasoning_seal' })[] {
  const seal = textOf(objectOf(objectOf(providerMetadata)?.weir)?.seal);
  return seal === '' ? [] : [{ type: 'reasoning_seal', seal: readSeal(seal, 'encrypted') }];
}
