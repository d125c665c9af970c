import type { WantedPort } from '../machine/port_check.ts';
import { portProblem } from '../machine/port_check.ts';
import type { StackOptions } from '../stack_options.ts';

/** The ports that the stack listens on, by its options. */
export function wantedPorts({ httpsPort, httpPort, dashboardPort, bind, all }: StackOptions): WantedPort[] {
  return [
    { port: httpsPort, host: bind, flag: '--https-port' },
    { port: httpPort, host: bind, flag: '--http-port' },
    ...(all ? [{ port: dashboardPort, host: '127.0.0.1', flag: '--dashboard-port' }] : []),
  ];
}

/** Throws why ports can't be had: all that are taken and by whom, or forbidden and why, and the mend. */
export async function checkPorts(options: StackOptions): Promise<void> {
  const problem = await portProblem(wantedPorts(options));
  if (problem) throw problem;
}
