/** A JSON object whose members are still to be checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

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

/** Half an event is half a JSON text. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
