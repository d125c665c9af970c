import type { FastifyReply } from 'fastify';
import type { LoadRun } from '../load/load_run.ts';
import type { LiveRun } from './live_run.ts';

/** Follows a run as Server-Sent Events: `snapshot` and `started` five times a second, then `end`. */
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
    // A page that is behind needs the newest one only.
    onSnapshot: (snapshot) => response.writableNeedDrain || send('snapshot', snapshot),
    onStarted: (streams) => response.writableNeedDrain || send('started', streams),
    onEnd: end,
  });
  response.on('close', leave);
}
