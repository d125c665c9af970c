import { isWholeObject } from './json_object.ts';

/** A tool call that is being written. */
export interface OpenCall {
  /** Its arguments so far. */
  json: string;
}

/**
 * The tool calls of one answer, each open until its arguments are whole: those of several may come in turns, and with
 * text between. All looks at a call together cost what one look at its arguments does, or twice that.
 */
export class OpenCalls<Call extends OpenCall> {
  readonly #calls = new Map<number, Call>();
  readonly #open = new Set<Call>();
  /** Open calls with a piece that has not been looked at. */
  readonly #changed = new Set<Call>();
  /** How long arguments were that were not whole: only twice as many are looked at again. */
  readonly #looked = new Map<Call, number>();

  /** @param index of the call in its answer; @param call which may have arguments already */
  begin(index: number, call: Call): void {
    this.#calls.set(index, call);
    this.#open.add(call);
    if (call.json !== '') this.#changed.add(call);
  }

  /** Counts a call as over. */
  end(index: number): void {
    const call = this.#calls.get(index) as Call;
    this.#open.delete(call);
    this.#changed.delete(call);
  }

  /** Adds a piece of arguments. */
  argue(index: number, json: string): Call {
    const call = this.#calls.get(index) as Call;
    call.json += json;
    if (this.#open.has(call)) this.#changed.add(call);
    return call;
  }

  /** Something else begins. @returns the calls whose arguments are whole now: they are over */
  takeWhole(): Call[] {
    if (this.#changed.size === 0) return [];
    const whole = [...this.#changed].filter((call) => this.#isWhole(call));
    this.#changed.clear();
    for (const call of whole) this.#open.delete(call);
    return whole;
  }

  /** The answer ends. @returns the calls that are left */
  takeAll(): Call[] {
    const left = [...this.#open];
    this.#open.clear();
    return left;
  }

  #isWhole(call: Call): boolean {
    if (call.json.length < 2 * (this.#looked.get(call) ?? 0)) return false;
    const isWhole = isWholeObject(call.json);
    if (!isWhole) this.#looked.set(call, call.json.length);
    return isWhole;
  }
}
