import type { Allowance, Allowances } from '../../core/access/rate_limits.ts';

/** Those that every answer under a limit has, for pages of other origins to read. */
export const RATE_HEADERS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/**
 * How much is left of a minute: of the limit that stands in the way, else of requests where they are limited, else of
 * tokens. `Reset` is in seconds.
 * @param openAi also by the names that OpenAI's clients read, both limits apart and times as `1m30s`
 */
export function rateHeaders(
  { requests, tokens }: Allowances,
  exceeded: Allowance | undefined,
  openAi: boolean,
): Record<string, string> {
  const shown = exceeded ?? requests ?? tokens;
  if (!shown) return {};
  const [limit = '', remaining = '', reset = ''] = RATE_HEADERS;
  return {
    [limit]: `${shown.limit}`,
    [remaining]: `${left(shown)}`,
    [reset]: `${seconds(shown)}`,
    ...(openAi && requests ? openAiHeaders('requests', requests) : {}),
    ...(openAi && tokens ? openAiHeaders('tokens', tokens) : {}),
  };
}

function openAiHeaders(unit: string, allowance: Allowance): Record<string, string> {
  return {
    [`x-ratelimit-limit-${unit}`]: `${allowance.limit}`,
    [`x-ratelimit-remaining-${unit}`]: `${left(allowance)}`,
    [`x-ratelimit-reset-${unit}`]: duration(seconds(allowance)),
  };
}

const left = ({ used, limit }: Allowance) => Math.max(0, limit - used);
const seconds = ({ resetMs }: Allowance) => Math.max(0, Math.ceil(resetMs / 1000));
const duration = (s: number) => (s < 60 ? `${s}s` : `${Math.floor(s / 60)}m${s % 60}s`);
