import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { shortRequest } from '../http_request.ts';
import { GENERATION_HEADER } from '../nginx/locations.ts';
import type { NginxPlan } from '../nginx/nginx_plan.ts';
import { renderNginxConf } from '../nginx/render_nginx_conf.ts';
import { nginxConfProblem } from '../nginx/test_nginx_conf.ts';

const WITHIN_MS = 10_000;
const POLL_MS = 50;
/** NGINX lets its old workers accept for 100 ms more, until the new ones are up. */
const WANTED_ANSWERS = 4;

/** NGINX's configuration, and how it is told about a new one. */
export interface NginxSettings {
  command: string;
  /** Folder that relative paths of the configuration start from. */
  prefix: string;
  confFile: string;
  /** Where NGINX says which generation answers. */
  healthUrl: string;
  plan: NginxPlan;
}

/** Resolves when new connections get to workers with this configuration; false when that takes too long. */
async function serves(healthUrl: string, generation: number | undefined): Promise<boolean> {
  const deadline = Date.now() + WITHIN_MS;
  let inARow = 0;
  while (Date.now() < deadline) {
    const answer = await shortRequest({ url: healthUrl }).catch(() => undefined);
    inARow = answer?.headers[GENERATION_HEADER.toLowerCase()] === String(generation) ? inARow + 1 : 0;
    if (inARow === WANTED_ANSWERS) return true;
    await delay(POLL_MS);
  }
  return false;
}

/**
 * Writes the configuration of the plan, so that what was changed by hand, or broken, is as it should be. Leaves the
 * file alone and rejects with a sentence when NGINX refuses what would be written.
 */
export async function rewriteNginxConf({ command, prefix, confFile, plan }: NginxSettings): Promise<void> {
  const draft = `${confFile}.new`;
  writeFileSync(draft, renderNginxConf(plan), { mode: 0o644 });
  const problem = await nginxConfProblem(command, prefix, draft);
  if (problem) {
    rmSync(draft);
    throw new Error(`NGINX refuses its new configuration (${problem}), so it keeps the old one`);
  }
  renameSync(draft, confFile);
}

/**
 * Brings a running NGINX to another plan without cutting a stream: the configuration is written beside the old one,
 * checked, put in its place, and taken up by new workers, while the old workers carry their streams to the end.
 *
 * Resolves when the new workers serve. Rejects with a sentence otherwise; the old configuration then holds on.
 */
export async function reloadNginx(settings: NginxSettings, hangUp: () => void): Promise<void> {
  const { confFile, healthUrl, plan } = settings;
  const before = readFileSync(confFile);
  await rewriteNginxConf(settings);
  hangUp();
  if (await serves(healthUrl, plan.generation)) return;
  writeFileSync(confFile, before);
  throw new Error(`NGINX did not take up its new configuration within ${WITHIN_MS / 1000} s, so it keeps the old one`);
}
