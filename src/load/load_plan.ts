import type { FakeOptions } from '../formats/weir/stream_request.ts';
import type { StreamRequestInput } from '../formats/weir/stream_request_input.ts';
import type { SloChoice } from './slo.ts';

/** How requests follow one another. Times in milliseconds. */
export type LoadMode = ClosedLoop | OpenLoop | FindLimit;

/** `concurrency` workers, each of which sends its next request when its last one has ended. */
export type ClosedLoop =
  | { kind: 'closed'; concurrency: number; requests: number }
  | { kind: 'closed'; concurrency: number; durationMs: number };

/** Requests start at their scheduled time, even if earlier ones have not ended. */
export interface OpenLoop {
  kind: 'open';
  ratePerSecond: number;
  arrivals: 'constant' | 'poisson';
  durationMs: number;
  /** Requests above this number are counted as `not_sent`. */
  maxInFlight: number;
  /** Seed of Poisson arrivals; the same seed gives the same schedule. Default 1. */
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

/** Default number of users of a search for the limit. With few users, it would find the limit per user. */
export const LIMIT_USERS = 2_000;

/** A load test. */
export interface LoadPlan {
  /** Base of the API: ends with `/api/v1` (see {@link apiBaseUrl}), or an OpenAI-compatible server's `…/v1`. */
  url: string;
  mode: LoadMode;
  /** Requests that start within this time are not counted. */
  warmupMs: number;
  prompt: string;
  /** The provider's name of the model, or a route without `provider`. */
  model: string;
  /** Absent: `model` is a route, or the deployment's default provider is used. */
  provider?: string;
  /** Options of the `fake` provider. */
  fake?: Partial<FakeOptions>;
  /** Whether streams resume over another connection. */
  resumable?: boolean;
  /** Number of users that take turns. */
  users: number;
  /** Defines a good answer; without it there is no goodput. */
  slo?: SloChoice;
  /** `openai`: any server with `POST {url}/chat/completions`. */
  api: 'weir' | 'openai';
  /** `instance`: directly, past NGINX; only the console can do that. Default: balanced. */
  target?: { kind: 'balanced' } | { kind: 'instance'; name: string };
}

/** The body of each request. */
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
 * The API's base for the address that a user gives: `localhost`, `https://localhost` and `https://localhost/api/v1/` are
 * the same. For an OpenAI-compatible server it is `/v1`, unless the address has its own path.
 * @throws Error with a sentence for the user
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
