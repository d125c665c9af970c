import type { FakeOptions, StreamRequestInput } from '../formats/weir/stream_request.ts';
import type { SloChoice } from './slo.ts';

/** How requests follow one another. Times in milliseconds. */
export type LoadMode = ClosedLoop | OpenLoop | FindLimit;

/** `concurrency` workers, each of which sends its next request when its last has ended: so many, or for so long. */
export type ClosedLoop =
  | { kind: 'closed'; concurrency: number; requests: number }
  | { kind: 'closed'; concurrency: number; durationMs: number };

/** Requests start when their time has come, whether or not earlier ones have ended. */
export interface OpenLoop {
  kind: 'open';
  ratePerSecond: number;
  arrivals: 'constant' | 'poisson';
  durationMs: number;
  /** A request that would be one more than these is counted as `not_sent`. */
  maxInFlight: number;
  /** Of the Poisson arrivals: the same seed gives the same schedule. Default 1. */
  seed?: number;
}

/** Closed loops of rising concurrency, `stepMs` each, until goodput no longer rises while TTFT does. */
export interface FindLimit {
  kind: 'find_limit';
  startConcurrency: number;
  stepMs: number;
  /** Default 10,000. */
  maxConcurrency?: number;
}

/** Users of a search for the limit, where nothing else is said: with few of them it finds what one user may have. */
export const LIMIT_USERS = 2_000;

/** What one load test is to do. */
export interface LoadPlan {
  /** Base of the API: up to and with `/api/v1` (see {@link apiBaseUrl}), or an OpenAI-compatible server's `…/v1`. */
  url: string;
  mode: LoadMode;
  /** Requests that start within this time are sent, but not counted. */
  warmupMs: number;
  prompt: string;
  /** As the provider calls it; a route's name where none is named. */
  model: string;
  /** Absent: whoever is on the route `model`, or the deployment's default. */
  provider?: string;
  /** Knobs of the `fake` provider. */
  fake?: Partial<FakeOptions>;
  /** Whether streams go on over another connection when theirs breaks. */
  resumable?: boolean;
  /** Number of users that take turns. */
  users: number;
  /** What a good answer is; without it there is no goodput. */
  slo?: SloChoice;
  /** `openai`: any server with `POST {url}/chat/completions`. */
  api: 'weir' | 'openai';
  /** An instance's own door, past the balancer, is open to the console only. Default: balanced. */
  target?: { kind: 'balanced' } | { kind: 'instance'; name: string };
}

/** The body that each request of the plan sends. */
export function planRequest(plan: LoadPlan): StreamRequestInput {
  return {
    query: plan.prompt,
    model: plan.model,
    ...(plan.provider === undefined ? {} : { provider: plan.provider }),
    stream: true,
    ...(plan.resumable ? { resumable: true } : {}),
    ...(plan.fake ? { fake: plan.fake } : {}),
  };
}

/**
 * The API's base for whatever a person types: `localhost`, `https://localhost` and `https://localhost/api/v1/` mean
 * the same. Of an OpenAI-compatible server it is `/v1`, unless the address has a path of its own.
 * @throws Error with a sentence for people
 */
export function apiBaseUrl(typed: string, api: LoadPlan['api'] = 'weir'): string {
  const text = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error(`"${typed}" is not an http(s) address; give one such as https://localhost.`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (api === 'openai') return url.origin + (path || '/v1');
  return url.origin + (path.endsWith('/api/v1') ? path : `${path}/api/v1`);
}
