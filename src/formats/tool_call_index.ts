import { textOf } from './json_object.ts';
import type { StreamPart } from './stream_part.ts';

/** Ids that the next answer may have again. */
const COUNTED = /^(call|tool|toolu|function)?[-_:]?\d{0,4}$/;

/** A call that has begun, as its provider names it. */
interface OpenCall {
  index: number;
  id: string;
  name: string;
}

/**
 * Numbers the tool calls of one answer from 0, whatever numbers the provider gives them: other things are counted with
 * them in some formats, and some servers give all calls the same number and only ids differ.
 *
 * Some servers give no ids, or count them from 0 in each answer: such a call gets a random one, as one conversation may
 * have several answers, and other providers refuse ids that come twice.
 */
export class ToolCallIndex {
  readonly #calls = new Map<number, OpenCall>();
  #count = 0;

  /** How many calls there were. */
  get count(): number {
    return this.#count;
  }

  /** @returns our number of the provider's call; undefined where it never began */
  indexOf(key: number): number | undefined {
    return this.#calls.get(key)?.index;
  }

  /**
   * Adds the parts of one piece: the call, where it is new, and its arguments.
   * @param key the provider's number of the call
   * @param json a piece of the arguments; some servers send them as an object
   * @returns what is wrong, in one sentence, or undefined
   */
  read(key: number, id: string, name: string, json: unknown, parts: StreamPart[]): string | undefined {
    let call = this.#calls.get(key);
    if (!call || isAnother(call, id, name)) {
      if (name === '') return 'a tool call has no name';
      call = { index: this.#count, id, name };
      this.#count += 1;
      this.#calls.set(key, call);
      const unique = COUNTED.test(id) ? `call_${crypto.randomUUID().replaceAll('-', '')}` : id;
      parts.push({ type: 'tool_call', index: call.index, id: unique, name });
    }
    const text = typeof json === 'object' && json !== null ? JSON.stringify(json) : textOf(json);
    if (text !== '') parts.push({ type: 'tool_arguments', index: call.index, json: text });
    return undefined;
  }
}

/** Where no piece has an id, the name may be repeated, and only another one says that another call begins. */
function isAnother(call: OpenCall, id: string, name: string): boolean {
  if (id !== '') return id !== call.id;
  return call.id === '' && name !== '' && name !== call.name;
}
