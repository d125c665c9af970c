import { writeFile } from 'node:fs/promises';
import { styleText } from 'node:util';
import { apiBaseUrl, type LoadPlan } from '../load_plan.ts';
import { runLoad } from '../run_load.ts';
import { type LoadReport, Summary } from '../summary.ts';
import { liveProgress, progressLine } from './live_progress.ts';
import type { NodeTransport } from './node_transport.ts';
import { reachApi, Unreachable } from './reach_api.ts';
import { reportTable } from './report_table.ts';

export interface LoadCommandOptions extends LoadPlan {
  /** File for the report as JSON, or `-`: stdout then holds the JSON and nothing else. */
  json?: string;
  /** HTTP/1.1 also where the server offers HTTP/2. */
  http1?: boolean;
  /** PEM of the CA to trust. */
  ca?: string;
  /** Accept any certificate. */
  insecure?: boolean;
  /** Ends the run early; what it gave so far is printed. */
  signal: AbortSignal;
}

/**
 * `./weir load`: progress on stderr, the report on stdout.
 * @returns the exit code: 0, 2 bad address or file, 3 unreachable, 130 interrupted
 */
export async function runLoadCommand(options: LoadCommandOptions): Promise<number> {
  let transport: NodeTransport | undefined;
  try {
    const base = baseOf(options.url);
    const reached = await reachApi(base, options, options.signal);
    transport = reached.transport;
    if (reached.baseUrl !== base) say(`${base} redirects to ${reached.baseUrl}, which is tested instead.`);
    const plan = planOf(options, reached.baseUrl);
    const report = await measure(plan, transport, options.signal);
    await print(report, plan, options);
    if (options.signal.aborted) return 130;
    if (Object.keys(report.instances).length === 0 && report.via === null) {
      throw new Unreachable(`No request got an answer from ${plan.url}; see "./weir status" and "./weir doctor".`);
    }
    return 0;
  } catch (error) {
    if (options.signal.aborted) return 130;
    if (!(error instanceof Unreachable) && !(error instanceof UsageError)) throw error;
    say(error.message);
    return error instanceof Unreachable ? 3 : 2;
  } finally {
    transport?.close();
  }
}

class UsageError extends Error {}

function baseOf(typed: string): string {
  try {
    return apiBaseUrl(typed);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function planOf(options: LoadCommandOptions, url: string): LoadPlan {
  const { concurrency, requests, prompt, model, provider, resumable, fake } = options;
  const plan = { url, concurrency, requests, prompt, model, provider };
  return { ...plan, ...(resumable ? { resumable } : {}), ...(fake ? { fake } : {}) };
}

async function measure(plan: LoadPlan, transport: NodeTransport, signal: AbortSignal): Promise<LoadReport> {
  const summary = new Summary();
  const startedAt = performance.now();
  const stop = liveProgress(process.stderr, () =>
    progressLine(summary.snapshot(performance.now() - startedAt), plan.requests),
  );
  try {
    await runLoad(plan, { summary, transport: transport.send, signal });
  } finally {
    stop();
  }
  return summary.report();
}

async function print(report: LoadReport, plan: LoadPlan, { json }: LoadCommandOptions): Promise<void> {
  const text = `${JSON.stringify({ ...report, plan }, null, 2)}\n`;
  if (json === '-') return out(text);
  // styleText honours NO_COLOR and leaves pipes alone.
  await out(reportTable(report, (format, line) => styleText(format, line, { stream: process.stdout })));
  if (json === undefined) return;
  await writeFile(json, text).catch((error: Error) => {
    throw new UsageError(`The report could not be written to ${json} (${error.message}); choose another file.`);
  });
}

/** Resolves when it is written: a pipe takes time, and the program may exit right after. */
function out(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
