import { portProblem } from '../machine/port_check.ts';
import type { StackOptions } from '../stack_options.ts';

/** Throws the first port's problem: taken by whom, or forbidden why, and the option that mends it. */
export async function checkPorts(options: StackOptions): Promise<void> {
  const wanted: [number, string, string][] = [
    [options.httpsPort, options.bind, '--https-port'],
    [options.httpPort, options.bind, '--http-port'],
  ];
  if (options.all) wanted.push([options.dashboardPort, '127.0.0.1', '--dashboard-port']);
  for (const [port, host, flag] of wanted) {
    const problem = await portProblem(port, host, flag);
    if (problem) throw problem;
  }
}
