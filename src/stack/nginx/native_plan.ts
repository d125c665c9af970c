import path from 'node:path';
import type { FileLimit } from '../machine/file_limit.ts';
import type { WorkerAccount } from '../machine/worker_account.ts';
import { corsOrigins, instanceNames, serviceSocket } from '../stack_addresses.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';
import type { NginxPlan } from './nginx_plan.ts';

/** What of the machine shapes the native configuration. */
export interface NativeMachine {
  nginxVersion: string;
  /** Undefined when the stack isn't started as root. */
  workers: WorkerAccount | undefined;
  hasIpv6: boolean;
  limit: FileLimit;
  corsOrigins: string[] | undefined;
}

/** What `listen` gets: loopback and "all addresses" mean both families, where the machine has IPv6. */
export function listenAddresses(bind: string, port: number, hasIpv6: boolean): string[] {
  if (bind === '127.0.0.1') return hasIpv6 ? [`127.0.0.1:${port}`, `[::1]:${port}`] : [`127.0.0.1:${port}`];
  if (bind === '0.0.0.0') return hasIpv6 ? [`${port}`, `[::]:${port}`] : [`${port}`];
  return [bind.includes(':') ? `[${bind}]:${port}` : `${bind}:${port}`];
}

/** Addresses of that many instances, as NGINX calls them. */
export function instanceAddresses(layout: StackLayout, count: number): string[] {
  return instanceNames(count).map((name) => `unix:${serviceSocket(layout, name)}`);
}

/** The plan for NGINX as a process on this machine. */
export function nativeNginxPlan(layout: StackLayout, options: StackOptions, machine: NativeMachine): NginxPlan {
  const { workers, limit, hasIpv6 } = machine;
  return {
    driver: 'native',
    version: machine.nginxVersion,
    user: workers && { name: workers.name, group: workers.group },
    pidFile: path.join(layout.state, 'nginx.pid'),
    errorLog: 'stderr',
    accessLog: path.join(layout.logs, 'nginx.access.log'),
    // In the run folder: the workers' account can get there, which a project below /root would not allow.
    tempFolder: path.join(layout.run, 'nginx'),
    mimeTypes: undefined,
    workerConnections: limit.workerConnections,
    fileLimit: limit.files,
    httpListen: listenAddresses(options.bind, options.httpPort, hasIpv6),
    httpsListen: listenAddresses(options.bind, options.httpsPort, hasIpv6),
    httpsPort: options.httpsPort,
    certificate: layout.certificates.certificate,
    certificateKey: layout.certificates.key,
    instances: instanceAddresses(layout, options.instances),
    down: [],
    generation: 1,
    console: `unix:${serviceSocket(layout, 'console')}`,
    corsOrigins: corsOrigins(options, machine),
  };
}
