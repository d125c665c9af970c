import { hash } from 'node:crypto';
import { isNestedDeeper } from '../../formats/json_object.ts';

/**
 * One name for equal requests: SHA-256 (hex) over their parts as canonical JSON (members sorted by name, as RFC 8785
 * has it), so that order and white space make no difference, and everything else does.
 */
export function cacheKey(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(canonical(parts)), 'hex');
}

/** What is nested deeper is not compared. */
const MAX_LEVELS = 100;

/** A part of the language that TypeScript has no types for yet: JSON text that is written as it is. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/**
 * @returns undefined where it is not JSON, or nested too deep. Numbers that JavaScript can't tell from others are kept
 * as they are written.
 */
export function parseExactly(text: string): unknown {
  const exact = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && isInexact(value) ? rawJSON(source as string) : value;
  try {
    const value: unknown = JSON.parse(text, exact as (key: string, value: unknown) => unknown);
    return isNestedDeeper(value, MAX_LEVELS) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isInexact(value: number): boolean {
  return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object' || isRawJSON(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
