/** A JSON object whose members are still to be checked. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns undefined for what is no JSON, and for JSON that is no object */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of lists and objects in each other; what is deeper can't be written again. */
export const MAX_LEVELS = 100;
/** Of members and entries in all; to check more would keep other streams waiting. The longest conversations have fewer. */
export const MAX_VALUES = 250_000;
export const TOO_DEEP = `The body is nested deeper than ${MAX_LEVELS} levels; send a flatter one.`;
export const TOO_MANY = `The body holds more than ${MAX_VALUES} values; send fewer.`;

/**
 * Why a body is not looked at, as a sentence. Neither recurses nor looks at more than it has to.
 * @returns undefined for one that may be checked
 */
export function shapeProblem(body: unknown): string | undefined {
  let values = 0;
  let inside: object[] = typeof body === 'object' && body !== null ? [body] : [];
  for (let level = 1; inside.length > 0; level += 1) {
    if (level > MAX_LEVELS) return TOO_DEEP;
    const next: object[] = [];
    for (const each of inside) {
      const members: unknown[] = Array.isArray(each) ? each : Object.values(each);
      values += members.length;
      if (values > MAX_VALUES) return TOO_MANY;
      for (const member of members) if (typeof member === 'object' && member !== null) next.push(member);
    }
    inside = next;
  }
  return undefined;
}

/** Whether a text is a whole JSON object, as the arguments of a call are in the end. */
export function isWholeObject(text: string): boolean {
  return text.trimEnd().endsWith('}') && parseObject(text) !== undefined;
}

/** Half an event is half a JSON text. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @returns the value where it is an object (no list, no null), else undefined */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** @returns the value where it is a list, else an empty one */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** @returns the value where it is a text, else an empty one */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @returns the value where it can count tokens or places (an integer from 0 on), else undefined */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
