import path from 'node:path';
import type { StackLayout } from './stack_layout.ts';
import type { StackOptions } from './stack_options.ts';

/** A host for a URL. An address that means "all" is reached on loopback. */
export function urlHost(bind: string): string {
  if (bind === '127.0.0.1' || bind === '0.0.0.0' || bind === '::') return 'localhost';
  return bind.includes(':') ? `[${bind}]` : bind;
}

/** `https://localhost`, with the port where it isn't 443. */
export function stackUrl(options: StackOptions): string {
  return `https://${urlHost(options.bind)}${options.httpsPort === 443 ? '' : `:${options.httpsPort}`}`;
}

/** NGINX's health check; on this machine only. */
export function nginxHealthUrl(options: StackOptions): string {
  return `${stackUrl(options)}/nginx-health`;
}

/** `http://localhost:3001`: it listens there whatever NGINX is bound to. */
export function dashboardUrl(options: StackOptions): string {
  return `http://localhost:${options.dashboardPort}`;
}

/** Names of the instances: app-1, app-2 … */
export function instanceNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `app-${index + 1}`);
}

/** Socket of an instance or of the console, where NGINX's workers can reach it. */
export function serviceSocket(layout: StackLayout, name: string): string {
  return path.join(layout.run, `${name}.sock`);
}

/** Socket of an instance for the stack's own account: other instances, and its tools. */
export function peerSocket(layout: StackLayout, name: string): string {
  return path.join(layout.privateRun, `${name}.peer.sock`);
}

/** Origins that may read the API: what the user set, else the dashboard's. */
export function corsOrigins(options: StackOptions, settings: { corsOrigins: string[] | undefined }): string[] {
  return settings.corsOrigins ?? dashboardOrigins(options.httpsPort, options.dashboardPort);
}

/** Origins under which a browser shows the dashboard: its own port, and NGINX's HTTPS port. */
export function dashboardOrigins(httpsPort: number, dashboardPort: number): string[] {
  const suffix = httpsPort === 443 ? '' : `:${httpsPort}`;
  return ['localhost', '127.0.0.1', '[::1]'].flatMap((host) => [
    `http://${host}:${dashboardPort}`,
    `https://${host}${suffix}`,
  ]);
}
