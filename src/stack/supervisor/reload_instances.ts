import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigView, HealthView } from '../../formats/cluster/cluster_view.ts';
import { shortRequest } from '../http_request.ts';
import type { ManagedProcess } from './managed_process.ts';
import type { ServiceSpec } from './service_spec.ts';

const TIMEOUT_MS = 1000;
const WITHIN_MS = 10_000;
const POLL_MS = 50;

export const HEALTH_PATH = '/api/v1/health';

/** Asks an instance for {@link HEALTH_PATH}. */
export type AskHealth = () => Promise<{ body: string }>;

/** What an instance says of its configuration, as far as a reload needs it. */
type LoadedConfig = Pick<ConfigView, 'reloads' | 'refused'>;

/** Result of an instance's reload; `refused`: its log says why. */
export interface ReloadResult {
  name: string;
  result: 'reloaded' | 'refused' | 'does not run' | 'does not answer';
}

/** Makes an instance read providers and routes again, and waits for its result; never rejects. */
export async function reloadInstance(service: ManagedProcess): Promise<ReloadResult> {
  const { name } = service.spec;
  const ask = () => askHealth(service.spec);
  const before = await askConfig(ask);
  // An instance that is still starting has no signal handler yet: the signal would end it.
  if (service.state !== 'running') return { name, result: 'does not run' };
  if (!before || !service.signal('SIGHUP')) return { name, result: 'does not answer' };
  return { name, result: await reloadResult(ask, before) };
}

/** Asks until the instance has loaded its configuration once more than `before`, or for ten seconds. */
export async function reloadResult(ask: AskHealth, before: LoadedConfig): Promise<ReloadResult['result']> {
  for (const deadline = Date.now() + WITHIN_MS; Date.now() < deadline; await delay(POLL_MS)) {
    const now = await askConfig(ask);
    if (now && now.reloads > before.reloads) return now.refused ? 'refused' : 'reloaded';
  }
  return 'does not answer';
}

/** The state of an instance's configuration; undefined if it does not answer. */
export async function askConfig(ask: AskHealth): Promise<LoadedConfig | undefined> {
  try {
    // By hand: a schema would be loaded with the first reload, from files that may be newer than this process.
    const { reloads, refused } = (JSON.parse((await ask()).body) as HealthView).config;
    return typeof reloads === 'number' && typeof refused === 'boolean' ? { reloads, refused } : undefined;
  } catch {
    return undefined;
  }
}

function askHealth({ health }: ServiceSpec): Promise<{ body: string }> {
  if (health.kind !== 'http') return Promise.reject(new Error('it speaks no HTTP'));
  const { kind: _, ...where } = health;
  return shortRequest({ ...where, path: HEALTH_PATH, timeoutMs: TIMEOUT_MS });
}
