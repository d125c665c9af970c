import { stackUrl } from '../stack_addresses.ts';
import { UNWATCHED } from '../supervisor/leftovers.ts';
import type { ServiceStatus } from '../supervisor/service_spec.ts';
import { type Check, type DoctorContext, fail, ok, type Situation, startCommand } from './check.ts';

/** The guide's second pitfall: whether NGINX runs. */
export function checkNginxRuns(context: DoctorContext, { services }: Situation): Check {
  const id = 'nginx_running';
  const nginx = services.find(({ name }) => name === 'nginx');
  if (nginx?.healthy) return ok(id, `NGINX runs (pid ${nginx.pid ?? 'in a container'})`);
  const why = `The browser shows ERR_CONNECTION_REFUSED at ${stackUrl(context.options)}.`;
  if (!nginx) return fail(id, 'the stack is not running', why, startCommand(context));
  const doing = nginx.state === 'running' ? 'runs' : `is ${nginx.state}`;
  return fail(id, `NGINX ${doing} and does not answer`, `${why} See ./weir logs nginx.`, './weir restart nginx');
}

/** The supervisor owns all services; without it a service that dies is not started again. */
export function checkSupervisor(services: ServiceStatus[]): Check {
  const id = 'supervisor';
  if (services.every(({ state }) => state !== 'unwatched')) return ok(id, `watches ${services.length} services`);
  return fail(id, UNWATCHED.what, 'It was killed. Services that die now are not started again.', UNWATCHED.fix);
}

/** The guide's third pitfall, seen from the inside: whether the instances run. */
export function checkInstances({ options }: DoctorContext, { services }: Situation): Check {
  const id = 'instances_alive';
  const instances = services.filter(({ name }) => name.startsWith('app-'));
  const down = instances.filter(({ healthy }) => !healthy).map(({ name }) => name);
  if (!options.all || instances.length === 0) {
    const why = 'NGINX and Redis run alone, so every request is answered with 502 Bad Gateway.';
    return fail(id, 'there are no instances and no dashboard', why, './weir start --all');
  }
  if (down.length === 0) return ok(id, `${instances.length} of ${instances.length} answer`);
  if (down.length === instances.length) {
    const why = 'NGINX answers 502 Bad Gateway, or 504, while it reaches none of them. See ./weir logs app-1.';
    return fail(id, `none of the ${instances.length} instances answers`, why, './weir restart');
  }
  const what = `${down.join(', ')} of ${instances.length} instances ${down.length === 1 ? 'does' : 'do'} not answer`;
  const why = `Some requests hang or fail, and the others carry its share. See ./weir logs ${down[0]}.`;
  return fail(id, what, why, down.map((name) => `./weir restart ${name}`).join(' && '));
}

/** The dashboard's own server. */
export function checkConsole(services: ServiceStatus[]): Check {
  const id = 'dashboard';
  const found = services.find(({ name }) => name === 'console');
  if (found?.healthy) return ok(id, `served at ${found.address}`);
  return fail(id, 'the dashboard is not served', 'Its process does not answer.', './weir restart console');
}
