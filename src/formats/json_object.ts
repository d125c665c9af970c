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

/** Whether lists and objects stand in each other more than so many times. Does not recurse, so that no depth is too much. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  let inside = [value];
  for (let level = 0; inside.length > 0; level += 1) {
    if (level > levels) return true;
    inside = inside.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
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
