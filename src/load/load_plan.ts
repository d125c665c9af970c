import type { FakeOptions, StreamRequestInput } from '../protocol/stream_request.ts';

/** A closed loop: `concurrency` workers share `requests` requests; each sends its next when its last has ended. */
export interface LoadPlan {
  /** Up to and with `/api/v1`; see {@link apiBaseUrl}. */
  url: string;
  concurrency: number;
  requests: number;
  prompt: string;
  model: string;
  provider: string;
  /** Whether streams go on over another connection when theirs breaks. */
  resumable?: boolean;
  /** Knobs of the `fake` provider. */
  fake?: Partial<FakeOptions>;
}

/** The body that each request of the plan sends. */
export function planRequest(plan: LoadPlan): StreamRequestInput {
  return {
    query: plan.prompt,
    model: plan.model,
    provider: plan.provider,
    stream: true,
    ...(plan.resumable ? { resumable: true } : {}),
    ...(plan.fake ? { fake: plan.fake } : {}),
  };
}

/**
 * The API's base for whatever a person types: `localhost`, `https://localhost` and `https://localhost/api/v1/` mean
 * the same.
 * @throws Error with a sentence for people
 */
export function apiBaseUrl(typed: string): string {
  const text = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error(`"${typed}" is not an http(s) address; give one such as https://localhost.`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  return url.origin + (path.endsWith('/api/v1') ? path : `${path}/api/v1`);
}
