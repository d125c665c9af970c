import { ZodError } from 'zod';
import { type FakeOptions, fakeOptionsSchema } from '../formats/weir/stream_request.ts';
import { apiBaseUrl, LIMIT_USERS, type LoadMode, type LoadPlan } from '../load/load_plan.ts';
import { distinctUsers } from '../load/node/node_users.ts';
import { SLO_PRESETS, type SloChoice } from '../load/slo.ts';
import { UsageError } from '../stack/stack_error.ts';

/** The flags of `load` that make its plan. */
export interface PlanFlags {
  concurrency: number;
  requests: number;
  rate?: number;
  poisson?: boolean;
  seed?: number;
  maxInFlight?: number;
  duration?: number;
  warmup?: number;
  findLimit?: boolean;
  users?: number;
  slo?: string;
  api?: 'weir' | 'openai';
  prompt: string;
  model: string;
  provider: string;
  /** Instead of model and provider. */
  route?: string;
  resumable?: boolean;
  fake?: string;
}

const DEFAULT_STEP_MS = 5000;
const DEFAULT_MAX_IN_FLIGHT = 10_000;

/** The plan that the flags ask for. @throws UsageError */
export function planOfFlags(url: string, flags: PlanFlags, keys: number): LoadPlan {
  if (flags.concurrency < 1 || flags.requests < 1) {
    throw new UsageError('-c and -n must be at least 1', 'for example ./weir load -c 10 -n 30');
  }
  const users = flags.users ?? defaultUsers(url, flags, keys);
  if (users < 1) throw new UsageError('--users must be at least 1', 'leave it out for one user');
  if (flags.api === 'openai' && (flags.fake !== undefined || flags.resumable)) {
    throw new UsageError('--fake and --resumable work with --api weir only', 'leave them out with --api openai');
  }
  const { prompt, model, provider, route, resumable, api = 'weir' } = flags;
  return {
    url,
    mode: modeOf(flags),
    warmupMs: flags.warmup ?? 0,
    prompt,
    ...(route === undefined ? { model, provider } : { model: route }),
    users,
    api,
    ...(resumable ? { resumable } : {}),
    ...(flags.fake === undefined ? {} : { fake: parseFake(flags.fake) }),
    ...(flags.slo === undefined ? {} : { slo: parseSlo(flags.slo) }),
  };
}

/** A search for the limit with one user would only find that user's limit. */
function defaultUsers(url: string, { findLimit, api }: PlanFlags, keys: number): number {
  if (!findLimit) return Math.max(1, keys);
  try {
    return distinctUsers(apiBaseUrl(url, api), LIMIT_USERS, keys);
  } catch {
    // Not an address; the run says so.
    return 1;
  }
}

function modeOf({ concurrency, requests, rate, poisson, seed, maxInFlight, duration, findLimit }: PlanFlags): LoadMode {
  if (findLimit) {
    if (rate !== undefined) throw new UsageError('--find-limit raises concurrency', 'leave --rate out');
    return { kind: 'find_limit', startConcurrency: concurrency, stepMs: duration ?? DEFAULT_STEP_MS };
  }
  if (rate === undefined) {
    if (poisson || seed !== undefined)
      throw new UsageError('--poisson and --seed need --rate', 'add it, such as --rate 50');
    return duration === undefined
      ? { kind: 'closed', concurrency, requests }
      : { kind: 'closed', concurrency, durationMs: duration };
  }
  if (!(rate > 0)) throw new UsageError('--rate must be above 0', 'for example --rate 50');
  return {
    kind: 'open',
    ratePerSecond: rate,
    arrivals: poisson ? 'poisson' : 'constant',
    durationMs: duration ?? (requests / rate) * 1000,
    maxInFlight: maxInFlight ?? DEFAULT_MAX_IN_FLIGHT,
    ...(seed === undefined ? {} : { seed }),
  };
}

function parseSlo(text: string): SloChoice {
  if (text === 'chat' || text === 'retrieval' || text === 'code') return text;
  const [, ttft, tpot] = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (ttft !== undefined && tpot !== undefined) return { ttftMs: Number(ttft), tpotMs: Number(tpot) };
  const presets = Object.entries(SLO_PRESETS).map(([name, { ttftMs, tpotMs }]) => `${name} (${ttftMs}/${tpotMs})`);
  throw new UsageError(`--slo can not be "${text}"`, `use ${presets.join(', ')}, or TTFT/TPOT in ms such as 300/40`);
}

function parseFake(text: string): Partial<FakeOptions> {
  try {
    const parsed = fakeOptionsSchema.partial().strict().parse(JSON.parse(text));
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  } catch (error) {
    const why = error instanceof ZodError ? error.issues.map((issue) => issue.message).join(', ') : 'it is not JSON';
    const knobs = Object.keys(fakeOptionsSchema.shape).join(', ');
    throw new UsageError(`--fake: ${why}`, `for example {"tokens":20}; the knobs are ${knobs}`, { cause: error });
  }
}
