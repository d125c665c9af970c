import { hash } from 'node:crypto';
import { shapeProblemOfBytes } from '../../formats/json_fields.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { SelectedRoute } from '../routing/selected_route.ts';

/** What makes requests equal, beside the route. */
export interface RequestFacts {
  /** What is kept: text, or the bytes of one protocol. */
  kind: string;
  /** The user: no one is given what was said to another. */
  userId: string;
  /** All that the provider gets; undefined where this request is not to be compared. */
  asked: unknown;
}

/**
 * What the answer to a request of `/api/v1/stream` depends on. A resumable one is not compared: its text lies in the log,
 * and goes on from there.
 */
export function comparableText(request: StreamRequest): object | undefined {
  const { resumable, parts, query, messages, temperature, max_tokens, fake } = request;
  return resumable ? undefined : { query, messages, temperature, max_tokens, fake, ...(parts ? { parts } : {}) };
}

/** Of what is kept: instances that write it in another way do not see it. */
const ENTRY_VERSION = 2;

/**
 * @returns undefined where the route keeps nothing, or this request is not to be compared. Which targets the route has
 * is a part of the key, in whatever order they stand this time: an answer of any of them is the route's.
 */
export function requestKey(route: SelectedRoute, facts: () => RequestFacts): string | undefined {
  if (!route.cache) return undefined;
  const { kind, userId, asked } = facts();
  if (asked === undefined) return undefined;
  // Several keys of a provider are one target here.
  const targets = new Set(route.targets.map(({ provider, model }) => `${provider}/${model}`));
  return cacheKey([ENTRY_VERSION, kind, userId, route.name, [...targets].sort(), asked]);
}

/**
 * One name for equal requests: SHA-256 (hex) over their parts as canonical JSON (members sorted by name, as RFC 8785
 * has it), so that order and white space make no difference, and everything else does.
 */
export function cacheKey(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(canonical(parts)), 'hex');
}

/** A part of the language that TypeScript has no types for yet: JSON text that is written as it is. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/**
 * @returns undefined where it is not JSON, nested too deep, or holds too many values. Numbers that JavaScript confuses with others are kept
 * as they are written.
 */
export function parseExactly(json: Buffer): unknown {
  if (shapeProblemOfBytes(json) !== undefined) return undefined;
  const exact = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && isInexact(value) ? rawJSON(source as string) : value;
  try {
    return JSON.parse(json.toString(), exact as (key: string, value: unknown) => unknown);
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
