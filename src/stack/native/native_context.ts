import type { ServiceSettings } from '../service_settings.ts';
import type { StackLayout } from '../stack_layout.ts';
import type { StackOptions } from '../stack_options.ts';

/** Everything that a native start knows and finds out on its way. */
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
  /** With providers and routes; it was found valid. */
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

/** The part of both that the services are made from. */
export function serviceSettings(context: NativeContext, programs: FoundPrograms): ServiceSettings {
  const { drainSeconds, corsOrigins, configFile, searchPath, uid, home } = context;
  const { nginx, perl, redis, redisPorts } = programs;
  return { nginx, perl, redis, redisPorts, drainSeconds, corsOrigins, configFile, searchPath, uid, home };
}
