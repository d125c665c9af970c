import { existsSync, readFileSync } from 'node:fs';
import { findCommand } from '../machine/find_command.ts';
import { renderNginxConf } from '../nginx/render_nginx_conf.ts';
import { nginxConfProblem } from '../nginx/test_nginx_conf.ts';
import type { StackLayout } from '../stack_layout.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, startCommand, warn } from './check.ts';

/** `nginx -t` on the configuration that was written last. */
export async function checkConfiguration(context: DoctorContext, { services }: Situation): Promise<Check> {
  const { layout, searchPath } = context;
  const id = 'nginx_config';
  const nginx = findCommand('nginx', searchPath);
  // A stopped stack has no run folder, which the file names; the next start makes both.
  if (!nginx || !existsSync(layout.nginxConf) || !existsSync(layout.run)) {
    return ok(id, 'none in use; start writes and checks it');
  }
  const problem = await nginxConfProblem(nginx, layout.state, layout.nginxConf);
  if (!problem) return ok(id, `${layout.nginxConf} is good`);
  const why = 'NGINX does not start or reload with a file that it refuses; a restart writes it anew.';
  const mend = services.length > 0 ? './weir restart nginx' : startCommand(context);
  return fail(id, `NGINX refuses its configuration: ${problem}`, why, mend);
}

/** Whether NGINX's workers count together what is open on each instance, by the text of their configuration. */
export function hasSharedZone(conf: string): boolean {
  const upstream = /upstream sse_backend \{([^}]*)\}/.exec(conf)?.[1] ?? '';
  return /^\s*zone\s/m.test(upstream);
}

/** Without its zone the balancer is several balancers. */
export function checkSharedZone({ layout }: DoctorContext): Check {
  const id = 'shared_zone';
  if (hasSharedZone(readFileSync(layout.nginxConf, 'utf8'))) return ok(id, "NGINX's workers count together");
  const why = 'Each worker counts only what it sees: nine streams end as 4, 3, 2, and the user meets 429 early.';
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
