import { z } from 'zod';
import { fakeOptionsSchema } from '../formats/weir/stream_request.ts';
import { apiBaseUrl, type LoadPlan } from '../load/load_plan.ts';

/** Bounds that a request cannot exceed: a run of one day, and as many streams as a machine has files for. */
const MAX_MS = 86_400_000;
const streams = z.number().int().min(1).max(100_000);
const time = z.number().min(1).max(MAX_MS);

const mode = z.union([
  z.object({ kind: z.literal('closed'), concurrency: streams, requests: z.number().int().min(1).max(100_000_000) }),
  z.object({ kind: z.literal('closed'), concurrency: streams, durationMs: time }),
  z.object({
    kind: z.literal('open'),
    ratePerSecond: z.number().positive().max(100_000),
    arrivals: z.enum(['constant', 'poisson']),
    durationMs: time,
    maxInFlight: streams,
    seed: z.number().int().optional(),
  }),
  z.object({
    kind: z.literal('find_limit'),
    startConcurrency: streams,
    stepMs: time,
    maxConcurrency: streams.optional(),
  }),
]);

const slo = z.union([
  z.enum(['chat', 'retrieval', 'code']),
  z.object({ ttftMs: z.number().positive(), tpotMs: z.number().positive() }),
]);

const schema = z.object({
  url: z.string(),
  mode,
  warmupMs: z.number().min(0).max(MAX_MS),
  prompt: z.string().min(1).max(100_000),
  model: z.string().min(1).max(200),
  provider: z.string().min(1).max(200).optional(),
  users: z.number().int().min(1).max(62_500),
  api: z.enum(['weir', 'openai']),
  fake: fakeOptionsSchema.partial().optional(),
  resumable: z.boolean().optional(),
  slo: slo.optional(),
  target: z
    .union([z.object({ kind: z.literal('balanced') }), z.object({ kind: z.literal('instance'), name: z.string() })])
    .optional(),
});

/** Problems of a plan by field. */
export type PlanProblems = { field: string; message: string }[];

/** Parses a plan from a request and completes its address. */
export function parsePlan(value: unknown): { plan: LoadPlan } | { problems: PlanProblems } {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })) };
  }
  try {
    // Removes keys whose value is undefined.
    const plan = JSON.parse(JSON.stringify(parsed.data)) as LoadPlan;
    return { plan: { ...plan, url: apiBaseUrl(plan.url, plan.api) } };
  } catch (error) {
    return { problems: [{ field: 'url', message: (error as Error).message }] };
  }
}
