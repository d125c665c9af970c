import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { compareReports } from '../load/compare_reports.ts';
import type { LoadPlan } from '../load/load_plan.ts';
import type { LoadReport, LoadSnapshot } from '../load/load_report.ts';
import type { LoadRun } from '../load/load_run.ts';
import type { NodeTransportOptions } from '../load/node/node_transport.ts';
import { distinctUsers, identityProblem } from '../load/node/node_users.ts';
import type { LoadRecord } from '../load/record.ts';
import { reportHtml } from '../load/report_html.ts';
import { RunRecorder } from '../load/run_recorder.ts';
import type { ConsoleConfig } from './console_config.ts';
import { type PlanProblems, parsePlan } from './plan_schema.ts';
import { type LiveRun, type RunBook, RunInProgress, type RunRequest } from './run_book.ts';
import { connectOptions, isOwn, runKeys } from './run_target.ts';
import type { StackServices } from './stack_services.ts';

/** Routes that read runs. */
export function registerRunViews(app: FastifyInstance, book: RunBook): void {
  app.get('/api/runs', async (_, reply) => fresh(reply).send({ runs: book.list() }));

  app.get<{ Params: { id: string } }>('/api/runs/:id', async ({ params }, reply) => {
    const run = book.get(params.id);
    return run ? fresh(reply).send(run) : unknownRun(reply);
  });

  app.get<{ Params: { id: string } }>('/api/runs/:id/events', async ({ params }, reply) => {
    const run = book.get(params.id);
    if (!run) return unknownRun(reply);
    sendRunEvents(reply, book.live(params.id), run);
    return reply;
  });

  app.get<{ Params: { id: string } }>('/api/runs/:id/report.json', async ({ params }, reply) => {
    const run = book.get(params.id);
    if (!run?.report) return unknownRun(reply);
    const text = `${JSON.stringify({ ...run.report, plan: run.plan }, null, 2)}\n`;
    return download(reply, params.id, 'json', 'application/json; charset=utf-8').send(text);
  });

  app.get<{ Params: { id: string } }>('/api/runs/:id/report.csv', async ({ params }, reply) => {
    const csv = book.csv(params.id);
    return csv === undefined
      ? unknownRun(reply)
      : download(reply, params.id, 'csv', 'text/csv; charset=utf-8').send(csv);
  });

  app.get<{ Params: { id: string } }>('/api/runs/:id/report.html', async ({ params }, reply) => {
    const run = book.get(params.id);
    const html = run && reportHtml(run);
    return html ? download(reply, params.id, 'html', 'text/html; charset=utf-8').send(html) : unknownRun(reply);
  });

  app.get<{ Querystring: { a?: string; b?: string } }>('/api/compare', async ({ query }, reply) => {
    const [a, b] = [query.a, query.b].map((id) => (id === undefined ? undefined : book.get(id)?.report));
    return a && b ? fresh(reply).send({ rows: compareReports(a, b) }) : unknownRun(reply);
  });
}

function fresh(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store');
}

function unknownRun(reply: FastifyReply): FastifyReply {
  const message = 'There is no such run, or it has no report. See the list of runs.';
  return reply.code(404).send({ error: 'not_found', message });
}

function download(reply: FastifyReply, id: string, end: string, type: string): FastifyReply {
  // A download: the report must not run as a page of this origin.
  const disposition = `attachment; filename="weir-${id.replace(/[^a-z0-9-]/g, '')}.${end}"`;
  return fresh(reply).header('content-disposition', disposition).type(type);
}

/** Bound of an imported run with a record for each request. */
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

/** Routes that start, stop, import and delete runs. */
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
      const message = 'No instance can be reached directly. The comparison needs a running native stack.';
      return reply.code(422).send({ error: 'validation_error', message, details: {} });
    }
    const parsed = parsePlan(body.plan ?? comparisonPlan(config.apiBaseUrl, body.concurrency ?? 10));
    if ('problems' in parsed) return invalid(reply, parsed.problems);
    const requests = [
      { plan: { ...parsed.plan, target: { kind: 'balanced' } as const }, name: 'with the balancer' },
      {
        plan: { ...parsed.plan, target: { kind: 'instance', name: single } as const },
        name: `without the balancer: ${single} only`,
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
      const message = 'This run has not ended. Stop it before you delete it.';
      return reply.code(409).send({ error: 'run_in_progress', message });
    }
    book.remove(params.id);
    return reply.code(204).send();
  });
}

/** The guide's comparison: one request per concurrent stream. */
function comparisonPlan(url: string, concurrency: number): LoadPlan {
  const mode = { kind: 'closed', concurrency, requests: concurrency } as const;
  return { url, mode, warmupMs: 0, prompt: PROMPT, model: 'demo', provider: 'fake', users: 1, api: 'weir' };
}

/** A search for the limit uses as many users as the server can distinguish. */
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

/** Sends a run as Server-Sent Events: `snapshot` and `started` five times a second, then `end`. */
export function sendRunEvents(reply: FastifyReply, live: LiveRun | undefined, run: LoadRun): void {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  const send = (event: string, data: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const end = ({ state, report }: LoadRun) => {
    send('end', { state, report });
    response.end();
  };
  if (live === undefined) {
    if (run.snapshot) send('snapshot', run.snapshot);
    end(run);
    return;
  }
  const leave = live.watch({
    // A slow page skips updates; the next snapshot is complete.
    onSnapshot: (snapshot) => response.writableNeedDrain || send('snapshot', snapshot),
    onStarted: (streams) => response.writableNeedDrain || send('started', streams),
    onEnd: end,
  });
  response.on('close', leave);
}
