import type { LoadSettings } from './settings.ts';
import { DEFAULTS } from './settings.ts';

/**
 * The same run as a line for a terminal; only what differs from the command's own defaults, besides -c and -n.
 * @param provider undefined where `model` is a route
 */
export function loadCommand(
  settings: LoadSettings,
  apiBaseUrl: string,
  provider: string | undefined,
  model: string,
): string {
  const { mode, users, warmupS, slo, resumable, prompt, tokens, tokensPerSecond } = settings;
  const parts = ['./weir load'];
  if (apiBaseUrl !== 'https://localhost/api/v1') parts.push(quoted(apiBaseUrl));
  if (mode === 'concurrency') parts.push(`-c ${settings.concurrency}`, `-n ${settings.requests}`);
  if (mode === 'rate') {
    parts.push(`--rate ${settings.rate}`, `--duration ${settings.durationS}s`);
    if (settings.arrivals === 'poisson') parts.push('--poisson');
    parts.push(`--max-in-flight ${settings.maxInFlight}`);
  }
  if (mode === 'limit') {
    parts.push('--find-limit', `-c ${settings.startConcurrency}`, `--duration ${settings.stepS}s`);
    if (settings.limitUsers !== DEFAULTS.limitUsers) parts.push(`--users ${settings.limitUsers}`);
  } else if (users > 1) parts.push(`--users ${users}`);
  if (warmupS > 0) parts.push(`--warmup ${warmupS}s`);
  if (slo !== 'none') parts.push(`--slo ${slo}`);
  if (resumable) parts.push('--resumable');
  if (prompt !== DEFAULTS.prompt) parts.push('--prompt', quoted(prompt));
  if (provider === undefined) parts.push('--route', quoted(model));
  else parts.push('--provider', quoted(provider), '--model', quoted(model));
  if (provider === 'fake' && (tokens !== DEFAULTS.tokens || tokensPerSecond !== DEFAULTS.tokensPerSecond)) {
    parts.push('--fake', quoted(JSON.stringify({ tokens, tokens_per_second: tokensPerSecond })));
  }
  return parts.join(' ');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
