import type { LoadPlan } from '../api.ts';
import type { LoadSettings } from './settings.ts';

/** More than the about 100 streams that a browser opens at once would only queue in it. */
export const BROWSER_STREAMS = 100;

/**
 * The plan that the settings mean. `fake` knobs only where they differ from the provider's own and apply.
 * @param provider undefined where `model` is a route
 */
export function planOf(
  settings: LoadSettings,
  apiBaseUrl: string,
  provider: string | undefined,
  model: string,
): LoadPlan {
  const { prompt, resumable, slo, warmupS } = settings;
  return {
    url: apiBaseUrl,
    mode: modeOf(settings),
    warmupMs: warmupS * 1000,
    prompt,
    model,
    ...(provider === undefined ? {} : { provider }),
    users: usersOf(settings),
    api: 'weir',
    ...(resumable ? { resumable } : {}),
    ...(slo === 'none' ? {} : { slo }),
    ...fakeKnobs(settings, provider),
  };
}

/** A browser is one user. */
function usersOf({ engine, mode, users, limitUsers }: LoadSettings): number {
  if (engine === 'browser') return 1;
  return mode === 'limit' ? limitUsers : users;
}

function modeOf(settings: LoadSettings): LoadPlan['mode'] {
  const { engine, mode, requests } = settings;
  const most = engine === 'browser' ? BROWSER_STREAMS : Number.POSITIVE_INFINITY;
  if (mode === 'rate') {
    const { rate: ratePerSecond, arrivals, durationS, maxInFlight } = settings;
    const durationMs = durationS * 1000;
    return { kind: 'open', ratePerSecond, arrivals, durationMs, maxInFlight: Math.min(most, maxInFlight) };
  }
  if (mode === 'limit') {
    const { startConcurrency, stepS } = settings;
    const limit = engine === 'browser' ? { maxConcurrency: BROWSER_STREAMS } : {};
    return { kind: 'find_limit', startConcurrency, stepMs: stepS * 1000, ...limit };
  }
  return { kind: 'closed', concurrency: Math.min(most, settings.concurrency), requests };
}

function fakeKnobs({ tokens, tokensPerSecond }: LoadSettings, provider: string | undefined): Pick<LoadPlan, 'fake'> {
  if (provider !== 'fake' || (tokens === 100 && tokensPerSecond === 50)) return {};
  return { fake: { tokens, tokens_per_second: tokensPerSecond } };
}
