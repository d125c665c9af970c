import { setTimeout as delay } from 'node:timers/promises';
import { type ConfigView, healthViewSchema } from '../../protocol/cluster_view.ts';
import { shortRequest } from '../http_request.ts';
import type { ManagedProcess } from './managed_process.ts';
import type { ServiceSpec } from './service_spec.ts';

const TIMEOUT_MS = 1000;
const WITHIN_MS = 10_000;
const POLL_MS = 50;

/** What became of an instance's reload; `refused`: its log says why. */
export interface ReloadResult {
  name: string;
  result: 'reloaded' | 'refused' | 'does not run' | 'does not answer';
}

/** Has an instance read providers and routes again, and waits until it says what came of it; never rejects. */
export async function reloadInstance(service: ManagedProcess): Promise<ReloadResult> {
  const { name } = service.spec;
  const before = await askConfig(service.spec);
  // One that starts just now has no handler yet, and the signal would end it.
  if (service.state !== 'running') return { name, result: 'does not run' };
  if (!before || !service.signal('SIGHUP')) return { name, result: 'does not answer' };
  for (const deadline = Date.now() + WITHIN_MS; Date.now() < deadline; await delay(POLL_MS)) {
    const now = await askConfig(service.spec);
    if (now && now.reloads > before.reloads) return { name, result: now.refused ? 'refused' : 'reloaded' };
  }
  return { name, result: 'does not answer' };
}

async function askConfig(spec: ServiceSpec): Promise<ConfigView | undefined> {
  if (spec.health.kind !== 'http') return undefined;
  try {
    const { kind: _, ...where } = spec.health;
    const answer = await shortRequest({ ...where, path: '/api/v1/health', timeoutMs: TIMEOUT_MS });
    return healthViewSchema.parse(JSON.parse(answer.body)).config;
  } catch {
    return undefined;
  }
}
