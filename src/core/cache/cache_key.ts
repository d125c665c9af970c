import { hash } from 'node:crypto';

/**
 * One name for equal requests: SHA-256 (hex) over their parts as canonical JSON (members sorted by name, as RFC 8785
 * has it), so that order and white space make no difference, and everything else does.
 */
export function cacheKey(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(canonical(parts)), 'hex');
}

/** @returns undefined where it is not JSON. Integers that JavaScript can't tell from others are kept as they are written. */
export function parseExactly(text: string): unknown {
  const exact = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? { integer: source } : value;
  try {
    return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
