import { fetchTransport } from '../../src/client/transport.ts';
import type { LoadPlan as EnginePlan } from '../../src/load/load_plan.ts';
import { runLoad } from '../../src/load/run_load.ts';
import type { Summary } from '../../src/load/summary.ts';
import type { ClusterView, ModelsView } from '../../src/protocol/cluster_view.ts';
import { SseDecoder } from '../../src/protocol/sse_decoder.ts';

// The one file that knows the rest of Weir: everything the page asks, it asks here.

export type { LoadReport, LoadSnapshot } from '../../src/load/load_report.ts';
export type { Outcome } from '../../src/load/outcome.ts';
export type { Spread } from '../../src/load/samples.ts';
export { Summary } from '../../src/load/summary.ts';
export type { SeriesPoint } from '../../src/load/time_series.ts';
export type { ClusterView, InstanceView, ModelsView } from '../../src/protocol/cluster_view.ts';

/** Where requests go: port 443 is NGINX, so they are balanced. An instance's own address would bypass it. */
const API_BASE_URL = import.meta.env.VITE_API_BASE_URL || 'https://localhost/api/v1';

/** A console that hangs must not leave the page empty. */
const CONFIG_WITHIN_MS = 2_000;

/**
 * The API's base. A build that was given VITE_API_BASE_URL keeps to it; otherwise whoever serves the page knows on
 * which port NGINX listens, and says so in /config.json.
 */
export async function loadApiBaseUrl(): Promise<string> {
  if (import.meta.env.VITE_API_BASE_URL) return absolute(import.meta.env.VITE_API_BASE_URL);
  try {
    const response = await fetch('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(CONFIG_WITHIN_MS) });
    const config: unknown = await response.json();
    if (typeof config === 'object' && config !== null && 'apiBaseUrl' in config)
      return absolute(`${config.apiBaseUrl}`);
  } catch {
    // Served by something else than the console (vite's own server), or it hangs: the default stands.
  }
  return API_BASE_URL;
}

function absolute(url: string): string {
  return new URL(url, window.location.href).href.replace(/\/+$/, '');
}

/** @throws Error when the API can't be reached or refuses */
export async function fetchModels(apiBaseUrl: string, signal: AbortSignal): Promise<ModelsView> {
  const response = await fetch(`${apiBaseUrl}/models`, { signal });
  if (!response.ok) throw new Error(`The list of models got status ${response.status}.`);
  return (await response.json()) as ModelsView;
}

/** Shape of the console's findings; `mend` is a command or an action, empty where nothing is wrong. */
export interface Finding {
  id: string;
  status: 'ok' | 'warn' | 'fail';
  what: string;
  why: string;
  mend: string;
}

/** Asks the console what it sees of the API. @throws Error where the page was not served by a console */
export async function fetchDiagnosis(signal: AbortSignal): Promise<Finding[]> {
  const response = await fetch('/api/diagnose', { signal, cache: 'no-store' });
  if (!response.ok) throw new Error(`The diagnosis got status ${response.status}.`);
  const body = (await response.json()) as { findings: Finding[] };
  return body.findings;
}

/** The cluster's events were answered with a status other than 200. */
export class ClusterRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The cluster's events got status ${status}.`);
    this.status = status;
  }
}

/**
 * Follows `GET /cluster/events` until it ends. Read with fetch and not with EventSource, which hides the status and
 * the headers: those say whether the answers came through NGINX.
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
  const decoder = new SseDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    decoder.push(value);
    for (let event = decoder.next(); event; event = decoder.next()) {
      if (event.event === 'cluster') onView(JSON.parse(event.data) as ClusterView);
    }
  }
}

/** What the form asks for: a closed loop by requests. */
export interface LoadPlan {
  url: string;
  concurrency: number;
  requests: number;
  prompt: string;
  model: string;
  provider: string;
}

/** Runs a plan from this browser. @returns milliseconds that it took */
export function runInBrowser(plan: LoadPlan, summary: Summary, signal: AbortSignal): Promise<number> {
  const { concurrency, requests, ...rest } = plan;
  const mode = { kind: 'closed', concurrency, requests } as const;
  const enginePlan: EnginePlan = { ...rest, mode, warmupMs: 0, users: 1, api: 'weir' };
  return runLoad(enginePlan, { summary, signal, transport: fetchTransport });
}
