import type { CacheControl, Message, MessagePart } from '../generation_request.ts';
import type { JsonObject } from '../json_object.ts';
import { type ReasoningBlock, type WholePart, wholeParts, withoutLastReasoning } from '../reasoning_blocks.ts';
import { given } from '../request_fields.ts';
import type { RequestLosses } from '../request_losses.ts';
import { fileText, resultParts } from '../request_text.ts';
import type { ChatAbilities } from './chat_abilities.ts';
import { reasoningDetails } from './reasoning_detail.ts';
import { LOST_SIGNATURE, signatureOf, signedBy } from './thought_signature.ts';

/** Writes the messages of a conversation, one after the other. */
export class ChatMessages {
  readonly #losses: RequestLosses;
  readonly #abilities: ChatAbilities;
  readonly #written: JsonObject[] = [];
  /** Images of results so far: messages of tools hold text only, so these follow the last of them. */
  #images: JsonObject[] = [];

  constructor(losses: RequestLosses, abilities: ChatAbilities) {
    this.#losses = losses;
    this.#abilities = abilities;
  }

  write(messages: readonly Message[]): readonly JsonObject[] {
    for (const message of withOneSystem(withResultsBehindCalls(messages))) {
      if (message.role === 'tool') this.#results(message);
      else {
        this.#showImages();
        this.#say(message);
      }
    }
    this.#showImages();
    return this.#written;
  }

  #results({ parts, more }: Message): void {
    for (const part of parts) {
      if (part.type !== 'tool_result') continue;
      const said: MessagePart[] = [];
      const shown: MessagePart[] = [];
      for (const piece of resultParts(part.parts, part.failed)) {
        const isText = piece.type === 'text' || (piece.type === 'file' && piece.text !== undefined);
        (isText ? said : shown).push(piece);
      }
      const content = this.#content(said, '\n\n') ?? (shown.length > 0 ? 'The next message of the user shows it.' : '');
      this.#written.push({ role: 'tool', tool_call_id: part.id, content, ...this.#cache(part.cache), ...more });
      const images = this.#pieces(shown);
      if (images.length > 0) this.#images.push({ type: 'text', text: `Result of tool call ${part.id}:` });
      for (const image of images) this.#images.push(image);
    }
  }

  #showImages(): void {
    if (this.#images.length > 0) this.#written.push({ role: 'user', content: this.#images });
    this.#images = [];
  }

  #say({ role, parts, more }: Message): void {
    const [only] = parts;
    if (parts.length === 1 && only?.type === 'text' && only.cache === undefined) {
      this.#written.push({ role, content: only.text, ...more });
      return;
    }
    const whole = withoutLastReasoning(wholeParts(parts));
    const blocks = whole.filter((part) => part.type === 'reasoning_block');
    const signatures = this.#signatures(blocks);
    const calls = whole.flatMap((part): JsonObject[] => {
      if (part.type !== 'tool_call') return [];
      const json = part.json.trim() === '' ? '{}' : part.json;
      const signed = signedBy(signatures.get(part.id));
      return [{ id: part.id, type: 'function', function: { name: part.name, arguments: json }, ...signed }];
    });
    const [first] = calls;
    if (first && this.#abilities.wantsSignatures) calls[0] = { ...signedBy(LOST_SIGNATURE), ...first };
    const content = this.#content(whole, role === 'assistant' ? '' : '\n\n') ?? (calls.length > 0 ? null : '');
    this.#written.push({
      role,
      content,
      ...this.#reasoning(blocks, calls.length > 0),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...more,
    });
  }

  /** By the ids of the calls. */
  #signatures(blocks: readonly ReasoningBlock[]): ReadonlyMap<string, string> {
    const found = this.#abilities.readsSignatures ? blocks.map(({ seal }) => signatureOf(seal)) : [];
    return new Map(found.filter((each) => each !== undefined));
  }

  #reasoning(blocks: readonly ReasoningBlock[], called: boolean): JsonObject {
    const { readsDetails, reasoningField, wantsReasoning } = this.#abilities;
    const details = readsDetails ? blocks.flatMap(({ text, seal }) => (seal ? reasoningDetails(seal, text) : [])) : [];
    if (details.length > 0) return { reasoning_details: details };
    if (reasoningField === undefined) return {};
    const text = blocks.map((block) => block.text).join('');
    if (text !== '') return { [reasoningField]: text };
    return wantsReasoning && called ? { [reasoningField]: ' ' } : {};
  }

  /**
   * Text alone is one string: some servers know no lists.
   * @returns undefined for no content at all
   */
  #content(parts: readonly WholePart[] | readonly MessagePart[], between: string): string | JsonObject[] | undefined {
    const pieces = this.#pieces(parts);
    if (pieces.length === 0) return undefined;
    const isText = pieces.every((piece) => piece.type === 'text' && piece.cache_control === undefined);
    return isText ? pieces.map(({ text }) => text).join(between) : pieces;
  }

  #pieces(parts: readonly WholePart[] | readonly MessagePart[]): JsonObject[] {
    return parts.flatMap((part): JsonObject[] => {
      const piece = part.type === 'reasoning_block' ? undefined : this.#piece(part);
      return piece ? [{ ...piece, ...this.#cache(part.type === 'reasoning_block' ? undefined : part.cache) }] : [];
    });
  }

  #piece(part: MessagePart): JsonObject | undefined {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'refusal':
        return this.#abilities.readsRefusals
          ? { type: 'refusal', refusal: part.text }
          : { type: 'text', text: part.text };
      case 'image': {
        const { url, detail } = part;
        if (url !== undefined) return { type: 'image_url', image_url: given({ url, detail }) };
        this.#losses.refuse(part.at, 'an image must be an address or data here');
        return undefined;
      }
      case 'file':
        return this.#file(part);
      case 'opaque':
        if (part.format === 'chat') return part.value;
        this.#losses.refuse(part.at, 'this provider has no such part; leave it out');
        return undefined;
      default:
        return undefined;
    }
  }

  #file(part: MessagePart & { type: 'file' }): JsonObject | undefined {
    const { id, owner, url, name } = part;
    if (part.text !== undefined) return { type: 'text', text: fileText(part) };
    if (id !== undefined && owner === 'openai') return { type: 'file', file: given({ file_id: id, filename: name }) };
    if (url?.startsWith('data:')) return { type: 'file', file: { file_data: url, filename: name ?? 'file.pdf' } };
    this.#losses.refuse(part.at, 'a file must be data here; send what it holds');
    return undefined;
  }

  #cache(cache: CacheControl | undefined): JsonObject {
    if (cache === undefined) return {};
    if (this.#abilities.readsCache) return { cache_control: cache };
    this.#losses.dropField('cache_control');
    return {};
  }
}

/** Joins what the system says before all others: chat templates of many models know one such message. */
function withOneSystem(messages: readonly Message[]): readonly Message[] {
  const first = messages.findIndex(({ role, more }) => role !== 'system' || more !== undefined);
  const system = messages.slice(0, first < 0 ? messages.length : first);
  if (system.length < 2) return messages;
  return [{ role: 'system', parts: system.flatMap(({ parts }) => parts) }, ...messages.slice(system.length)];
}

/** Servers refuse a call whose result does not follow it at once, as where the user has said something in between. */
function withResultsBehindCalls(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ role }) => role === 'tool')) return messages;
  const groups: Message[][] = [];
  const callers = new Map<string, Message[]>();
  for (const message of messages) {
    if (message.role !== 'tool') {
      const group = [message];
      groups.push(group);
      for (const part of message.parts) if (part.type === 'tool_call') callers.set(part.id, group);
      continue;
    }
    for (const part of message.parts) {
      const caller = part.type === 'tool_result' ? callers.get(part.id) : undefined;
      const group = caller ?? groups.at(-1);
      if (group) group.push({ ...message, parts: [part] });
      else groups.push([{ ...message, parts: [part] }]);
    }
  }
  return groups.flat();
}
