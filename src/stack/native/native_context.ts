import { installPackages } from '../machine/install_packages.ts';
import { findCommand } from '../machine/run_command.ts';
import { canListenForNginx, nginxVersion } from '../nginx/nginx_program.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';
import type { ServiceSettings } from '../supervisor/service_spec.ts';

/** Everything that a native start needs to know. */
export interface NativeContext {
  layout: StackLayout;
  options: StackOptions;
  /** Like PATH: where nginx, redis-server, apt-get and sudo are looked for. */
  searchPath: string;
  /** 0 for root. */
  uid: number;
  /** The user's folder. */
  home: string | undefined;
  /** Drain time of the instances, in seconds. */
  drainSeconds: number;
  corsOrigins: string[] | undefined;
  /** With providers and routes; it was checked before. */
  configFile: string | undefined;
  /** `VITE_API_BASE_URL`, which a build of the dashboard holds for good. */
  apiBaseUrl: string | undefined;
  /** Shows a line of progress. */
  say: (line: string) => void;
}

/** The programs, and ports for them, that the first phases found. */
export interface FoundPrograms {
  nginx: string;
  nginxVersion: string;
  /** Where it can listen for NGINX. */
  perl: string | undefined;
  redis: string | undefined;
  /** Of a Redis Cluster. */
  redisPorts?: number[];
}

/** The settings of the services, from both. */
export function serviceSettings(context: NativeContext, programs: FoundPrograms): ServiceSettings {
  const { drainSeconds, corsOrigins, configFile, searchPath, uid, home } = context;
  const { nginx, perl, redis, redisPorts } = programs;
  return { nginx, perl, redis, redisPorts, drainSeconds, corsOrigins, configFile, searchPath, uid, home };
}

/** Finds NGINX and, without a Redis of the user's own, Redis on the search path; otherwise installs them if possible. */
export async function findPrograms(context: NativeContext): Promise<FoundPrograms> {
  const { searchPath } = context;
  const wanted = context.options.redisUrl === undefined ? ['nginx', 'redis-server'] : ['nginx'];
  const missing = wanted.filter((name) => !findCommand(name, searchPath));
  // On Debian both packages are named like their programs.
  if (missing.length > 0) await installPackages(missing, context, context.say);
  const nginx = findCommand('nginx', searchPath) ?? 'nginx';
  const redis = wanted.includes('redis-server') ? findCommand('redis-server', searchPath) : undefined;
  // Perl is part of every Debian. It is not worth a package elsewhere: without it NGINX notices vanished clients later.
  const perl = findCommand('perl', searchPath);
  const isAble = perl !== undefined && (await canListenForNginx(perl));
  return { nginx, nginxVersion: await nginxVersion(nginx), perl: isAble ? perl : undefined, redis };
}
