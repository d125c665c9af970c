import { textOf } from './json_object.ts';
import type { StreamPart } from './stream_part.ts';

/**
 * Numbers the tool calls of one answer from 0, whatever numbers the provider gives them: other things are counted with
 * them in some formats, and some servers give all calls the same number and only ids differ.
 */
export class ToolCallIndex {
  readonly #calls = new Map<number, { index: number; id: string }>();
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
    if (!call || (id !== '' && id !== call.id)) {
      if (name === '') return 'a tool call has no name';
      call = { index: this.#count, id: id || `call_${this.#count}` };
      this.#count += 1;
      this.#calls.set(key, call);
      parts.push({ type: 'tool_call', index: call.index, id: call.id, name });
    }
    const text = typeof json === 'object' && json !== null ? JSON.stringify(json) : textOf(json);
    if (text !== '') parts.push({ type: 'tool_arguments', index: call.index, json: text });
    return undefined;
  }
}
