import { isObject } from './json_object.ts';
import type { Usage } from './weir/stream_event.ts';

export type ReportedUsage = Pick<Usage, 'input_tokens' | 'output_tokens'>;

/** No answer has so many tokens; and what is added up of smaller counts, also as money, stays exact. */
const MAX_TOKENS = 1_000_000_000;

const NOTHING: ReportedUsage = { input_tokens: 0, output_tokens: 0 };

/**
 * The counts of a provider, in any of the protocols: the one place where they are believed.
 * @param before what stands for a count that this report leaves out
 * @returns undefined where one of them is no count, or there is none: then the provider has reported nothing
 */
export function reportedUsage(usage: unknown, before = NOTHING): ReportedUsage | undefined {
  if (!isObject(usage)) return undefined;
  const input = usage.prompt_tokens ?? usage.input_tokens;
  const output = usage.completion_tokens ?? usage.output_tokens;
  if ((input ?? output ?? undefined) === undefined) return undefined;
  const input_tokens = input ?? before.input_tokens;
  const output_tokens = output ?? before.output_tokens;
  return isCount(input_tokens) && isCount(output_tokens) ? { input_tokens, output_tokens } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TOKENS;
}
