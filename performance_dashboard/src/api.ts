import { attachStream as attach, fetchTransport, openStream as open, type Transport } from 'weir-client';
import type { ClusterView, ModelsView } from '../../src/formats/cluster/cluster_view.ts';
import type { UsageView, UserUsageView } from '../../src/formats/cluster/usage_row.ts';
import { SseDecoder } from '../../src/formats/sse/sse_decoder.ts';
import type { LoadPlan } from '../../src/load/load_plan.ts';
import type { LoadReport, LoadSnapshot } from '../../src/load/load_report.ts';
import type { LoadRun, RunHead } from '../../src/load/load_run.ts';
import type { Outcome } from '../../src/load/outcome.ts';
import type { LoadRecord } from '../../src/load/record.ts';
import { runLoad, summaryOptions } from '../../src/load/run_load.ts';
import { Summary, type SummaryOptions } from '../../src/load/summary.ts';
import { apiKey } from './stores/apiKey.ts';

// The only file of the page that imports the rest of Weir. Every request of the page starts here.

export { StreamRefusal, type StreamResult } from 'weir-client';
export type { ClusterView, InstanceView, ModelsView } from '../../src/formats/cluster/cluster_view.ts';
export {
  groupUsage,
  totalUsage,
  type UsageGroup,
  type UsageGrouping,
  userGroups,
} from '../../src/formats/cluster/group_usage.ts';
export { USER_USAGE_DAYS, usageDays } from '../../src/formats/cluster/usage_days.ts';
export { errorSentence } from '../../src/formats/error_code.ts';
export { byName, formatOneDecimal, formatWhole, LOCALE, TIME_LOCALE } from '../../src/formats/locale.ts';
export type { StreamEvent } from '../../src/formats/weir/stream_event.ts';
export { type ComparisonRow, compareReports } from '../../src/load/compare_reports.ts';
export type { LimitReport } from '../../src/load/limit_report.ts';
export { limitAnswer } from '../../src/load/limit_report.ts';
export type { LoadPlan } from '../../src/load/load_plan.ts';
export type { LoadReport, LoadSnapshot } from '../../src/load/load_report.ts';
export { type LoadRun, type RunHead, STRIP_LENGTH, type StripEntry } from '../../src/load/load_run.ts';
export type { Outcome } from '../../src/load/outcome.ts';
export type { LoadRecord } from '../../src/load/record.ts';
export type { Spread } from '../../src/load/samples.ts';
export type { InstanceShare } from '../../src/load/shares.ts';
export { Summary } from '../../src/load/summary.ts';
export type { SeriesPoint } from '../../src/load/time_series.ts';

/** Where requests go: port 443 is NGINX, so they are balanced. An instance's own address would bypass it. */
export const API_BASE_URL = import.meta.env.VITE_API_BASE_URL || 'https://localhost/api/v1';

/** The user's API key is sent to the API only. */
const keyHeaders = (): Record<string, string> => {
  const key = apiKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
};
const keyedTransport: Transport = (url, request) =>
  fetchTransport(url, { ...request, headers: { ...keyHeaders(), ...request.headers } });

export const openStream: typeof open = (request, options) => open(request, { transport: keyedTransport, ...options });
export const attachStream: typeof attach = (threadId, options) =>
  attach(threadId, { transport: keyedTransport, ...options });

/** The API needs a key, or refuses the given one; `message` says which. */
export class KeyRequired extends Error {}

/** @throws KeyRequired; Error when the API can't be reached or refuses */
export async function fetchModels(apiBaseUrl: string, signal: AbortSignal): Promise<ModelsView> {
  const response = await fetch(`${apiBaseUrl}/models`, { signal, headers: keyHeaders() });
  if (response.status === 401) throw new KeyRequired(((await response.json()) as { message: string }).message);
  if (!response.ok) throw new Error(`The list of models returned status ${response.status}.`);
  return (await response.json()) as ModelsView;
}

/** The cluster's events returned a status other than 200. */
export class ClusterRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The cluster's events returned status ${status}.`);
    this.status = status;
  }
}

/**
 * Follows `GET /cluster/events` until it ends. Uses fetch because EventSource hides the status and the headers, which
 * show whether the response came through NGINX.
 *
 * @throws ClusterRefusal, the network's error, or the signal's reason
 */
export async function followCluster(
  apiBaseUrl: string,
  signal: AbortSignal,
  onHead: (via: string | null) => void,
  onView: (view: ClusterView) => void,
): Promise<void> {
  const headers = { accept: 'text/event-stream' };
  const response = await fetch(`${apiBaseUrl}/cluster/events`, { signal, headers, cache: 'no-store' });
  if (!response.ok || response.body === null) throw new ClusterRefusal(response.status);
  onHead(response.headers.get('x-gateway-via'));
  await readEvents(response.body, (event, data) => event === 'cluster' && onView(JSON.parse(data) as ClusterView));
}

async function readEvents(body: ReadableStream<Uint8Array>, on: (event: string, data: string) => void): Promise<void> {
  const decoder = new SseDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    decoder.push(value);
    for (let event = decoder.next(); event; event = decoder.next()) on(event.event, event.data);
  }
}

/** A request whose instance is known, `atMs` since the start of the run. */
export interface StreamStart {
  index: number;
  instance: string | null;
  atMs: number;
}

/** A summary that also reports the start of each request. */
class WatchedSummary extends Summary {
  readonly #onStart: (start: StreamStart) => void;
  readonly #startedMs = new Map<number, number>();

  constructor(options: SummaryOptions, onStart: (start: StreamStart) => void) {
    super(options);
    this.#onStart = onStart;
  }

  override start(index: number, atMs: number): void {
    super.start(index, atMs);
    this.#startedMs.set(index, atMs);
  }

  override head(index: number, instance: string | null): void {
    super.head(index, instance);
    const atMs = this.#startedMs.get(index);
    // A resumed stream gets a second head, but started once.
    if (atMs === undefined) return;
    this.#startedMs.delete(index);
    this.#onStart({ index, instance, atMs });
  }
}

/** A request that has ended. */
export interface StreamEnd {
  index: number;
  instance: string | null;
  outcome: Outcome;
}

export interface BrowserRun {
  snapshot(): LoadSnapshot;
  /** Resolves at the end of the run. */
  ended: Promise<void>;
}

/** Runs a plan from this browser. @param instances names of the instances that should be running */
export function runInBrowser(
  plan: LoadPlan,
  signal: AbortSignal,
  onStart: (start: StreamStart) => void,
  onRecord: (record: LoadRecord) => void,
  instances: readonly string[],
): BrowserRun {
  const summary = new WatchedSummary({ ...summaryOptions(plan), instances }, onStart);
  const startedAt = performance.now();
  let tookMs: number | undefined;
  const running = runLoad(plan, { summary, signal, transport: keyedTransport, onRecord });
  return {
    snapshot: () => summary.snapshot(tookMs ?? performance.now() - startedAt),
    ended: running.then((ms) => {
      tookMs = ms;
    }),
  };
}

// The requests below go to the console, which serves the page.

/** The console refused, or did not answer (`status` 0); `message` is shown to the user. */
export class ConsoleRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function askConsole(path: string, init: RequestInit = {}): Promise<Response> {
  const json = init.method && init.method !== 'GET' ? { headers: { 'content-type': 'application/json' } } : {};
  const response = await fetch(path, { cache: 'no-store', ...json, ...init }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ConsoleRefusal(0, 'The console does not answer. It may be stopped or restarting.');
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { message?: string };
  throw new ConsoleRefusal(response.status, body.message ?? `The console answered with status ${response.status}.`);
}

async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await askConsole(path, signal ? { signal } : {})).json()) as T;
}

async function send<T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const response = await askConsole(path, { method, body: JSON.stringify(body) });
  return (await response.json().catch(() => ({}))) as T;
}

/** The result of one check of the doctor; `fix` is a command or a sentence, empty if nothing is wrong. */
export interface Finding {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  what: string;
  why: string;
  fix: string;
  /** Part of the path that it checks. */
  area?: 'page' | 'nginx' | 'instances' | 'redis' | 'machine';
}

/** Runs the console's checks. @throws ConsoleRefusal */
export async function fetchDiagnosis(signal: AbortSignal): Promise<Finding[]> {
  return (await ask<{ findings: Finding[] }>('/api/diagnose', signal)).findings;
}

/** Usage by key, and the names of the keys. */
export interface PageUsage extends UsageView {
  key_names: Record<string, string>;
}
export const fetchUsage = (days: number, signal: AbortSignal) => ask<PageUsage>(`/api/usage?days=${days}`, signal);

/** Usage by user of keys that act for users, and the names of the keys. */
export interface PageUserUsage extends UserUsageView {
  key_names: Record<string, string>;
}
export const fetchUserUsage = (days: number, signal: AbortSignal) =>
  ask<PageUserUsage>(`/api/usage?by=user&days=${days}`, signal);

export interface RunEnd {
  state: 'finished' | 'cancelled' | 'failed';
  report: LoadReport | null;
  message?: string;
}

export interface RunListener {
  onSnapshot(snapshot: LoadSnapshot): void;
  onStarts(starts: StreamStart[]): void;
  onEnds(ends: StreamEnd[]): void;
}

export const fetchRuns = async (signal: AbortSignal): Promise<RunHead[]> =>
  (await ask<{ runs: RunHead[] }>('/api/runs', signal)).runs;
export const fetchRun = (id: string, signal?: AbortSignal) => ask<LoadRun>(runPath(id), signal);
export const startRun = (plan: LoadPlan) => send<{ id: string }>('POST', '/api/runs', { plan });
export const importRun = (run: { plan: LoadPlan; report: LoadReport; records: LoadRecord[] }) =>
  send<{ id: string }>('POST', '/api/runs/import', { ...run, engine: 'browser' });
export const stopRun = (id: string) => send('POST', `${runPath(id)}/stop`);
export const deleteRun = (id: string) => send('DELETE', runPath(id));

/** Follows a run of the console to its end; null if the connection ended before the run. */
export async function followRun(id: string, signal: AbortSignal, listener: RunListener): Promise<RunEnd | null> {
  const response = await askConsole(`${runPath(id)}/events`, { signal });
  let end: RunEnd | null = null;
  await readEvents(response.body!, (event, data) => {
    const value: unknown = JSON.parse(data || 'null');
    if (event === 'snapshot') listener.onSnapshot(value as LoadSnapshot);
    else if (event === 'started') listener.onStarts([value as StreamStart[]].flat());
    else if (event === 'ended') listener.onEnds([value as StreamEnd[]].flat());
    else if (event === 'end') end = value as RunEnd;
  });
  return end;
}

/** Address of a run's report as a file. */
export const reportHref = (id: string, kind: 'json' | 'csv' | 'html') => `${runPath(id)}/report.${kind}`;

const runPath = (id: string) => `/api/runs/${encodeURIComponent(id)}`;

/** Starts the guide's comparison: the same requests through NGINX, then to one instance only. */
export const startComparison = (concurrency: number) =>
  send<{ balanced: string; single: string; single_instance?: string }>('POST', '/api/comparison', { concurrency });

export type DrillAction = 'kill' | 'stop' | 'start' | 'pause' | 'continue';
export const drill = (service: string, action: DrillAction) => send('POST', '/api/drills', { service, action });
