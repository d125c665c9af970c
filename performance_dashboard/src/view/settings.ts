import type { LoadPlan } from '../api.ts';

/** Settings of the load tester's form. */
export interface LoadSettings {
  engine: 'server' | 'browser';
  mode: 'concurrency' | 'rate' | 'limit';
  concurrency: number;
  requests: number;
  /** Requests per second, of mode `rate`. */
  rate: number;
  arrivals: 'constant' | 'poisson';
  durationS: number;
  /** Maximum of streams in flight in mode `rate`. */
  maxInFlight: number;
  /** First step of mode `limit`, and the length of each step. */
  startConcurrency: number;
  stepS: number;
  /** Users of mode `limit`. With few users, the search would find the limit per user. */
  limitUsers: number;
  warmupS: number;
  users: number;
  prompt: string;
  /** Empty: the first provider. */
  provider: string;
  /** Replaces provider and model; empty: no route. */
  route: string;
  model: string;
  resumable: boolean;
  slo: 'none' | 'chat' | 'retrieval' | 'code';
  /** Length of an answer of the `fake` provider, in tokens, and its speed. */
  tokens: number;
  tokensPerSecond: number;
}

export const DEFAULTS: LoadSettings = {
  engine: 'server',
  mode: 'concurrency',
  concurrency: 10,
  requests: 30,
  rate: 5,
  arrivals: 'poisson',
  durationS: 20,
  maxInFlight: 200,
  startConcurrency: 2,
  stepS: 5,
  limitUsers: 2_000,
  warmupS: 0,
  users: 1,
  prompt: 'Write a short poem about performance testing.',
  provider: '',
  route: '',
  model: '',
  resumable: false,
  slo: 'none',
  tokens: 100,
  tokensPerSecond: 50,
};

type Key = keyof LoadSettings;

/** Names in a link, kept short. */
const NAMES: Record<Key, string> = {
  engine: 'engine',
  mode: 'mode',
  concurrency: 'c',
  requests: 'n',
  rate: 'rate',
  arrivals: 'arrivals',
  durationS: 'duration',
  maxInFlight: 'max',
  startConcurrency: 'from',
  stepS: 'step',
  limitUsers: 'limit-users',
  warmupS: 'warmup',
  users: 'users',
  prompt: 'prompt',
  provider: 'provider',
  route: 'route',
  model: 'model',
  resumable: 'resumable',
  slo: 'slo',
  tokens: 'tokens',
  tokensPerSecond: 'speed',
};

const WORDS: Partial<Record<Key, readonly string[]>> = {
  engine: ['server', 'browser'],
  mode: ['concurrency', 'rate', 'limit'],
  arrivals: ['constant', 'poisson'],
  slo: ['none', 'chat', 'retrieval', 'code'],
};

/** Least and most of each number. */
export const BOUNDS = {
  concurrency: [1, 5_000],
  requests: [1, 1_000_000],
  rate: [1, 10_000],
  durationS: [1, 3_600],
  maxInFlight: [1, 10_000],
  startConcurrency: [1, 1_000],
  stepS: [1, 300],
  limitUsers: [1, 10_000],
  warmupS: [0, 300],
  users: [1, 10_000],
  tokens: [1, 10_000],
  tokensPerSecond: [1, 10_000],
} as const satisfies Partial<Record<Key, readonly [number, number]>>;

/** The settings as a query, only what differs from {@link DEFAULTS}. */
export function settingsToQuery(settings: LoadSettings): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(NAMES) as Key[]) {
    if (settings[key] !== DEFAULTS[key]) query.set(NAMES[key], `${settings[key]}`);
  }
  return query.toString();
}

/** Reads a query; missing and invalid values come from `base`. */
export function settingsFromQuery(query: string, base: LoadSettings = DEFAULTS): LoadSettings {
  const given = new URLSearchParams(query);
  const entries = (Object.keys(NAMES) as Key[]).map((key) => {
    const text = given.get(NAMES[key]);
    return [key, text === null ? base[key] : (parsed(key, text) ?? base[key])];
  });
  return Object.fromEntries(entries) as unknown as LoadSettings;
}

function parsed(key: Key, text: string): string | number | boolean | undefined {
  const words = WORDS[key];
  if (words) return words.includes(text) ? text : undefined;
  const bounds = key in BOUNDS ? BOUNDS[key as keyof typeof BOUNDS] : undefined;
  if (bounds) {
    const value = Math.round(Number(text));
    return Number.isFinite(value) && text !== '' ? Math.min(bounds[1], Math.max(bounds[0], value)) : undefined;
  }
  if (key === 'resumable') return text === 'true';
  return text.slice(0, 4_000);
}

/** A browser opens about 100 streams at once and queues the others. */
export const BROWSER_STREAMS = 100;

/**
 * The plan for the settings. Includes `fake` options only if they apply and differ from the defaults.
 * @param provider undefined if `model` is a route
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

/**
 * The same run as a command; options with default values are left out, except -c and -n.
 * @param provider undefined if `model` is a route
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
