/** A JSON object whose members were not checked yet. */
export type JsonObject = Record<string, unknown>;

/** @returns the value where it is an object (no list, no null), else undefined */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
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

/** @returns undefined for what is no JSON object */
export function parseObject(json: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return undefined;
  }
}
