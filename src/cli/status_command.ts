import { dashboardUrl, stackUrl } from '../stack/stack_addresses.ts';
import { DEFAULT_STACK_OPTIONS } from '../stack/stack_options.ts';
import { UNWATCHED } from '../stack/supervisor/leftovers.ts';
import type { ServiceStatus } from '../stack/supervisor/service_spec.ts';
import type { Environment } from './environment.ts';
import { print, say } from './reporter.ts';
import { driverFor, keptOptions, layoutOf } from './stack_access.ts';

function row(cells: string[]): string {
  const widths = [9, 9, 8, 9, 9];
  return cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' ');
}

function serviceRow({ name, state, pid, healthy, active_streams, address }: ServiceStatus): string {
  return row([name, state, String(pid ?? '-'), healthy ? 'yes' : 'NO', String(active_streams), address]);
}

/** `status`: every service, for people or (with `json`) for programs. */
export async function statusCommand(json: boolean, environment: Environment): Promise<number> {
  const options = keptOptions(layoutOf(environment)) ?? DEFAULT_STACK_OPTIONS;
  const services = await driverFor(options, environment).status();
  const url = stackUrl(options);
  const dashboard = dashboardUrl(options);
  if (json) {
    print(JSON.stringify({ driver: options.driver, url, dashboard, auth: options.auth, services }, null, 2));
    return 0;
  }
  if (services.length === 0) {
    print('Nothing is running. Start it with ./weir start --all');
    return 0;
  }
  if (services.some(({ state }) => state === 'unwatched')) say(`${UNWATCHED.what}; ${UNWATCHED.fix}.`);
  print([row(['SERVICE', 'STATE', 'PID', 'HEALTHY', 'STREAMS', 'ADDRESS']), ...services.map(serviceRow)].join('\n'));
  print(
    `\n${url}   dashboard ${dashboard}   driver ${options.driver}${options.auth === 'keys' ? '   clients need a key' : ''}`,
  );
  return 0;
}
