import type { Allowance, Allowances } from '../../core/access/rate_limits.ts';

/** Those that every answer under a limit has, for pages of other origins to read. */
export const RATE_HEADERS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/**
 * How much is left in this minute: of the limit that stands in the way, else of requests where they are limited, else of
 * tokens. `Reset` is in seconds: then all of the limit is there again. `Retry-After` of a refusal may be sooner.
 * @param url of the request: below `/v1/` also both limits apart, by the names that the clients of that path read
 */
export function rateHeaders(
  { requests, tokens }: Allowances,
  exceeded: Allowance | undefined,
  url: string,
): Record<string, string> {
  const shown = exceeded ?? requests ?? tokens;
  if (!shown) return {};
  const [limit = '', remaining = '', reset = ''] = RATE_HEADERS;
  return {
    [limit]: `${shown.limit}`,
    [remaining]: `${left(shown)}`,
    [reset]: `${seconds(shown)}`,
    ...(requests && clientHeaders(url, 'requests', requests)),
    ...(tokens && clientHeaders(url, 'tokens', tokens)),
  };
}

function clientHeaders(url: string, unit: string, allowance: Allowance): Record<string, string> {
  if (url.startsWith('/v1/messages')) return anthropicHeaders(unit, allowance);
  return url.startsWith('/v1/') ? openAiHeaders(unit, allowance) : {};
}

/** The time is a date. */
function anthropicHeaders(unit: string, allowance: Allowance): Record<string, string> {
  return {
    [`anthropic-ratelimit-${unit}-limit`]: `${allowance.limit}`,
    [`anthropic-ratelimit-${unit}-remaining`]: `${left(allowance)}`,
    [`anthropic-ratelimit-${unit}-reset`]: new Date(Date.now() + seconds(allowance) * 1000).toISOString(),
  };
}

/** Times as `1m30s`. */
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
