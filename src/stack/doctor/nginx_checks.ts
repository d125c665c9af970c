import { existsSync, readFileSync } from 'node:fs';
import { findCommand } from '../machine/run_command.ts';
import { nginxConfProblem } from '../nginx/nginx_program.ts';
import { renderNginxConf } from '../nginx/render_nginx_conf.ts';
import type { StackLayout } from '../stack_layout.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, startCommand, warn } from './check.ts';

/** `nginx -t` on the configuration that was written last. */
export async function checkConfiguration(context: DoctorContext, { services }: Situation): Promise<Check> {
  const { layout, searchPath } = context;
  const id = 'nginx_config';
  const nginx = findCommand('nginx', searchPath);
  // The file refers to the run folder, which a stopped stack does not have. The next start makes both.
  if (!nginx || !existsSync(layout.nginxConf) || !existsSync(layout.run)) {
    return ok(id, 'none in use; start writes and checks it');
  }
  const problem = await nginxConfProblem(nginx, layout.state, layout.nginxConf);
  if (!problem) return ok(id, `${layout.nginxConf} is good`);
  const why = 'NGINX does not start or reload with a file that it refuses. A restart writes a new one.';
  const fix = services.length > 0 ? './weir restart nginx' : startCommand(context);
  return fail(id, `NGINX refuses its configuration: ${problem}`, why, fix);
}

/** Whether NGINX's workers count together what is open on each instance, by the text of their configuration. */
export function hasSharedZone(conf: string): boolean {
  const upstream = /upstream sse_backend \{([^}]*)\}/.exec(conf)?.[1] ?? '';
  return /^\s*zone\s/m.test(upstream);
}

/** Without a zone each worker of NGINX balances for itself. */
export function checkSharedZone({ layout }: DoctorContext): Check {
  const id = 'shared_zone';
  if (hasSharedZone(readFileSync(layout.nginxConf, 'utf8'))) return ok(id, "NGINX's workers count together");
  const why = 'Each worker counts only its own streams: nine streams end as 4, 3, 2, and a user gets 429 too early.';
  return warn(id, 'the upstream sse_backend has no zone', why, './weir restart nginx');
}

/** Whether the configuration was changed by hand since Weir wrote it. */
export function isChangedByHand({ nginxConf, planFile }: StackLayout): boolean {
  const plan = readPlan(planFile)?.nginx.plan;
  try {
    return plan !== undefined && readFileSync(nginxConf, 'utf8') !== renderNginxConf(plan);
  } catch {
    return false;
  }
}

const ID = 'vanished_clients';
/** How often Linux repeats bytes that are not acknowledged. */
const TRIES_FILE = '/proc/sys/net/ipv4/tcp_retries2';
/** With at most this many tries Linux closes every connection in less than a minute. */
const FEW_TRIES = 6;

/** Whether NGINX notices clients that vanish without closing their connection. */
export function checkVanishedClients({ layout }: DoctorContext, triesFile = TRIES_FILE): Check {
  const fine = ok(ID, 'clients that vanish are noticed');
  if (readPlan(layout.planFile)?.settings.perl !== undefined) return fine;
  try {
    if (Number(readFileSync(triesFile, 'utf8')) <= FEW_TRIES) return fine;
  } catch {
    // Not Linux: there is no such setting, and the stack is for trying only.
    return fine;
  }
  const what = 'a client that vanishes keeps its slot for up to 15 minutes';
  const why = 'Perl sets a limit that NGINX can not set: how long a connection may go without an acknowledgement.';
  return warn(ID, what, why, 'install perl, then ./weir restart');
}
