import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { styleText } from 'node:util';
import { apiBaseUrl, type LoadPlan } from '../load_plan.ts';
import type { LoadReport } from '../load_report.ts';
import { runLoad, summaryOptions } from '../run_load.ts';
import { Summary } from '../summary.ts';
import { liveProgress, progressLine } from './live_progress.ts';
import type { NodeTransport } from './node_transport.ts';
import { reachApi, Unreachable } from './reach_api.ts';
import { reportTable } from './report_table.ts';

export interface LoadCommandOptions {
  /** Its `url` as it was typed. */
  plan: LoadPlan;
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
 * @returns the exit code: 0, 2 bad address or file, 3 unreachable or not one stream, 130 interrupted
 */
export async function runLoadCommand(options: LoadCommandOptions): Promise<number> {
  let transport: NodeTransport | undefined;
  try {
    const base = baseOf(options.plan);
    if (options.json !== undefined && options.json !== '-') await mustBeWritable(options.json);
    const reached = await reachApi(base, options, options.signal);
    transport = reached.transport;
    if (reached.baseUrl !== base) say(`${base} redirects to ${reached.baseUrl}, which is tested instead.`);
    const plan = { ...options.plan, url: reached.baseUrl };
    const report = await measure(plan, transport, options.signal);
    await print(report, plan, options);
    if (options.signal.aborted) return 130;
    if (!gotStream(report)) {
      const [error] = report.errors;
      const why = error ? ` (${[error.code, error.message].filter(Boolean).join(': ') || error.outcome})` : '';
      throw new Unreachable(
        `Not one request to ${plan.url} got a stream${why}; see "./weir status" and "./weir doctor".`,
      );
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

function baseOf({ url, api }: LoadPlan): string {
  try {
    return apiBaseUrl(url, api);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Whether any answer was a stream, be it one that broke off or stood still. */
function gotStream({ outcomes }: LoadReport): boolean {
  return outcomes.ok + outcomes.truncated + outcomes.timeout_first_token + outcomes.timeout_idle > 0;
}

/** Noticed before the run, not after it. */
async function mustBeWritable(file: string): Promise<void> {
  const folder = path.dirname(file);
  const [found, around] = await Promise.all([file, folder].map((each) => stat(each).catch(() => undefined)));
  if (found?.isDirectory()) throw unwritable(file, 'it is a folder');
  if (!found && !around?.isDirectory()) throw unwritable(file, `there is no folder ${folder}`);
  await access(found ? file : folder, constants.W_OK).catch((error: Error) => {
    throw unwritable(file, error.message);
  });
}

function unwritable(file: string, reason: string): UsageError {
  return new UsageError(`The report can not be written to ${file} (${reason}); choose another file.`);
}

async function measure(plan: LoadPlan, transport: NodeTransport, signal: AbortSignal): Promise<LoadReport> {
  const summary = new Summary(summaryOptions(plan));
  const startedAt = performance.now();
  const stop = liveProgress(process.stderr, () => progressLine(summary.snapshot(performance.now() - startedAt), plan));
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
    throw unwritable(json, error.message);
  });
}

/** Resolves when it is written: a pipe takes time, and the program may exit right after. */
function out(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

function say(sentence: string): void {
  process.stderr.write(`weir: ${sentence}\n`);
}
