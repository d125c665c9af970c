import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { LoadPlan } from '../load/load_plan.ts';
import type { LoadReport, LoadSnapshot } from '../load/load_report.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { distinctUsers, identityProblem } from '../load/node/node_users.ts';
import type { LoadRecord } from '../load/record.ts';
import { RunRecorder } from '../load/run_recorder.ts';
import { connectOptions } from './connect_options.ts';
import type { ConsoleConfig } from './console_config.ts';
import type { RunRequest } from './live_run.ts';
import { type PlanProblems, parsePlan } from './plan_schema.ts';
import { type RunBook, RunInProgress } from './run_book.ts';
import { isOwn, runKeys } from './run_keys.ts';
import type { StackServices } from './stack_services.ts';

/** A browser's run with a line for each of its requests. */
const MAX_IMPORT_BYTES = 16 * 1024 * 1024;
const NAME_LENGTH = 100;
const PROMPT = 'Write a short poem about performance testing.';

const importSchema = z.object({
  plan: z.unknown(),
  name: z.string().max(NAME_LENGTH).optional(),
  report: z.looseObject({ requests: z.number(), outcomes: z.record(z.string(), z.number()), phases: z.array(z.any()) }),
  snapshot: z.looseObject({ series: z.array(z.any()) }).nullish(),
  records: z
    .array(z.looseObject({ index: z.number(), outcome: z.string() }))
    .max(20_000)
    .optional(),
});

/** What starts, ends and removes runs. */
export function registerRunChanges(
  app: FastifyInstance,
  config: ConsoleConfig,
  book: RunBook,
  stack: StackServices,
): void {
  const start = async (
    reply: FastifyReply,
    requests: { plan: LoadPlan; name: string }[],
    answer: (ids: string[]) => object,
  ) => {
    const ready: RunRequest[] = [];
    for (const { plan: wanted, name } of requests) {
      const connect = await connectOptions(wanted, config, stack);
      const keys = runKeys(wanted, config);
      const plan = typeof connect === 'string' ? wanted : withDistinctUsers(wanted, keys, connect);
      const problem = typeof connect === 'string' ? connect : identityProblem(plan.url, plan.users, keys, connect);
      if (problem !== undefined) return invalid(reply, [{ field: 'users', message: problem }]);
      const expected = isOwn(plan, config) ? stack.expected() : [];
      ready.push({ plan, name, connect: connect as NodeTransportOptions, keys, expected });
    }
    try {
      return reply.code(201).send(answer(book.start(ready)));
    } catch (error) {
      if (!(error instanceof RunInProgress)) throw error;
      return reply.code(409).send({ error: 'run_in_progress', message: error.message });
    }
  };

  app.post<{ Body: { plan?: unknown; name?: unknown } }>('/api/runs', async ({ body }, reply) => {
    const parsed = parsePlan(body.plan);
    if ('problems' in parsed) return invalid(reply, parsed.problems);
    return start(reply, [{ plan: parsed.plan, name: nameOf(body.name, 'load test') }], ([id]) => ({ id }));
  });

  app.post<{ Body: { concurrency?: number; plan?: unknown } }>('/api/comparison', async ({ body }, reply) => {
    const single = await stack.firstInstance();
    if (single === undefined) {
      const message = 'No instance can be reached past NGINX from here; this needs the native stack, running.';
      return reply.code(422).send({ error: 'validation_error', message, details: {} });
    }
    const parsed = parsePlan(body.plan ?? comparisonPlan(config.apiBaseUrl, body.concurrency ?? 10));
    if ('problems' in parsed) return invalid(reply, parsed.problems);
    const requests = [
      { plan: { ...parsed.plan, target: { kind: 'balanced' } as const }, name: 'with the balancer' },
      {
        plan: { ...parsed.plan, target: { kind: 'instance', name: single } as const },
        name: `without it: ${single} alone`,
      },
    ];
    return start(reply, requests, ([balanced, alone]) => ({ balanced, single: alone, single_instance: single }));
  });

  app.post('/api/runs/import', { bodyLimit: MAX_IMPORT_BYTES }, async ({ body }, reply) => {
    const parsed = importSchema.safeParse(body);
    const plan = parsePlan(parsed.data?.plan);
    if (!parsed.success || 'problems' in plan) {
      const problems = parsed.error?.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
      return invalid(reply, problems ?? ('problems' in plan ? plan.problems : []));
    }
    const { report, snapshot, records, name } = parsed.data;
    const recorder = new RunRecorder();
    for (const record of (records ?? []) as unknown as LoadRecord[]) recorder.add(record);
    const run = {
      name: nameOf(name, 'load test in the browser'),
      started_at: new Date().toISOString(),
      state: 'finished' as const,
      engine: 'browser' as const,
      plan: plan.plan,
      report: report as unknown as LoadReport,
      snapshot: (snapshot ?? null) as unknown as LoadSnapshot | null,
      strip: recorder.strip(),
    };
    return reply.code(201).send({ id: book.keep(run, records ? recorder.csv() : undefined) });
  });

  app.post<{ Params: { id: string } }>('/api/runs/:id/stop', async ({ params }, reply) => {
    book.stop(params.id);
    return reply.code(202).send({});
  });

  app.delete<{ Params: { id: string } }>('/api/runs/:id', async ({ params }, reply) => {
    if (book.live(params.id)) {
      const message = 'This run goes on; stop it before it is removed.';
      return reply.code(409).send({ error: 'run_in_progress', message });
    }
    book.remove(params.id);
    return reply.code(204).send();
  });
}

/** The guide's experiment: so many at once, once. */
function comparisonPlan(url: string, concurrency: number): LoadPlan {
  const mode = { kind: 'closed', concurrency, requests: concurrency } as const;
  return { url, mode, warmupMs: 0, prompt: PROMPT, model: 'demo', provider: 'fake', users: 1, api: 'weir' };
}

/** A search for the limit wants many users, and makes do with those that can be told apart. */
function withDistinctUsers(plan: LoadPlan, keys: readonly string[], connect: NodeTransportOptions): LoadPlan {
  if (plan.mode.kind !== 'find_limit') return plan;
  return { ...plan, users: distinctUsers(plan.url, plan.users, keys.length, connect) };
}

function nameOf(given: unknown, fallback: string): string {
  return typeof given === 'string' && given.trim() !== '' ? given.trim().slice(0, NAME_LENGTH) : fallback;
}

function invalid(reply: FastifyReply, fields: PlanProblems): FastifyReply {
  const message = fields.map(({ field, message: why }) => `${field}: ${why}`).join(' ');
  return reply.code(422).send({ error: 'validation_error', message, details: { fields } });
}
