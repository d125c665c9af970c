import type { FastifyInstance, FastifyReply } from 'fastify';
import { compareReports } from '../load/compare_reports.ts';
import { reportHtml } from '../load/report_html.ts';
import type { RunBook } from './run_book.ts';
import { sendRunEvents } from './run_events.ts';

/** What can be read of runs. */
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
  const message = 'There is no such run, or it has no report; see the list of runs.';
  return reply.code(404).send({ error: 'not_found', message });
}

function download(reply: FastifyReply, id: string, end: string, type: string): FastifyReply {
  // A saved page, never one of this origin.
  const disposition = `attachment; filename="weir-${id.replace(/[^a-z0-9-]/g, '')}.${end}"`;
  return fresh(reply).header('content-disposition', disposition).type(type);
}
