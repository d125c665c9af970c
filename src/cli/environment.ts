import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJsonFile } from '../stack/json_file.ts';

/** What the command line reads from its environment. No other file of this program reads it. */
export interface Environment {
  root: string;
  /** Of Weir itself. */
  version: string;
  /** `WEIR_STATE_DIR`: the state folder of a separate stack, instead of `<root>/.weir`. */
  stateDir: string | undefined;
  runtimeDir: string | undefined;
  /** Where nginx, redis-server, apt-get and sudo are looked for. `WEIR_PATH`, else PATH and the system's own folders. */
  searchPath: string;
  /** 0 for root. */
  uid: number;
  gid: number;
  /** `HOME`: where the browsers keep trusted authorities. */
  home: string | undefined;
  /** `DRAIN_SECONDS` of the instances. */
  drainSeconds: number;
  /** `CORS_ORIGINS`, for instances and NGINX alike. */
  corsOrigins: string[] | undefined;
  /** `WEIR_CONFIG`, else `weir.config.yaml` in the project's folder where it exists: providers and routes. */
  configFile: string | undefined;
  /** `VITE_API_BASE_URL`: where a dashboard that is built here would send its requests. */
  apiBaseUrl: string | undefined;
  /** `WEIR_API_KEY`: the key of a load test. */
  apiKey: string | undefined;
  /** Everything, for programs that are run from here. */
  all: NodeJS.ProcessEnv;
}

const DEFAULT_DRAIN_SECONDS = 30;
/** Debian keeps nginx in /usr/sbin, which is not on the PATH of ordinary accounts. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin'];

/** Reads the environment. Throws a sentence when a variable is not valid. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const drainSeconds = Number(env.DRAIN_SECONDS || DEFAULT_DRAIN_SECONDS);
  if (!Number.isInteger(drainSeconds) || drainSeconds < 0) {
    throw new Error(`DRAIN_SECONDS is "${env.DRAIN_SECONDS}"; set it to a whole number of seconds.`);
  }
  const origins = env.CORS_ORIGINS?.split(',').map((origin) => origin.trim());
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  return {
    root,
    version: (readJsonFile(path.join(root, 'package.json')) as { version: string }).version,
    stateDir: env.WEIR_STATE_DIR || undefined,
    runtimeDir: env.XDG_RUNTIME_DIR || undefined,
    searchPath: env.WEIR_PATH ?? [env.PATH ?? '', ...SYSTEM_FOLDERS].join(path.delimiter),
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    home: env.HOME || undefined,
    drainSeconds,
    corsOrigins: origins?.filter(Boolean).length ? origins.filter(Boolean) : undefined,
    configFile: env.WEIR_CONFIG ? path.resolve(env.WEIR_CONFIG) : existing(path.join(root, 'weir.config.yaml')),
    apiBaseUrl: env.VITE_API_BASE_URL || undefined,
    apiKey: env.WEIR_API_KEY || undefined,
    all: env,
  };
}

function existing(file: string): string | undefined {
  return existsSync(file) ? file : undefined;
}
