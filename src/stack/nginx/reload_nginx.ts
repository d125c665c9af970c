import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { shortRequest } from '../http_request.ts';
import { GENERATION_HEADER } from './locations.ts';
import type { NginxPlan } from './nginx_plan.ts';
import { nginxConfProblem } from './nginx_program.ts';
import { renderNginxConf } from './render_nginx_conf.ts';

const WITHIN_MS = 10_000;
const POLL_MS = 50;
/** Old workers accept connections for up to 100 ms after a reload, so one answer of a new worker is not enough. */
const WANTED_ANSWERS = 4;

/** NGINX's configuration, and how to apply a new one. */
export interface NginxSettings {
  command: string;
  /** Folder that relative paths of the configuration start from. */
  prefix: string;
  confFile: string;
  /** NGINX's answer here names the generation of its configuration. */
  healthUrl: string;
  plan: NginxPlan;
}

/**
 * Writes the configuration of the plan, which also repairs a file that was changed by hand or broken. When NGINX refuses
 * the new configuration, the file stays as it was and the promise rejects with a sentence.
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
 * Applies another plan to a running NGINX without cutting a stream: writes the configuration, checks it, puts it in
 * place and has NGINX start new workers. The old workers keep their streams until these end.
 *
 * Resolves when the new workers serve. Otherwise rejects with a sentence, and the old configuration stays.
 */
export async function reloadNginx(settings: NginxSettings, hangUp: () => void): Promise<void> {
  const { confFile, healthUrl, plan } = settings;
  const before = readFileSync(confFile);
  await rewriteNginxConf(settings);
  hangUp();
  if (await serves(healthUrl, plan.generation)) return;
  writeFileSync(confFile, before);
  throw new Error(`NGINX did not use its new configuration within ${WITHIN_MS / 1000} s, so it keeps the old one`);
}

/** Resolves when new connections reach workers with this configuration; false when that takes too long. */
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
