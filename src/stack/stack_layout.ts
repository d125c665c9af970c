import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { type CertificateFiles, certificateFiles } from './certificates/inspect_certificate.ts';

/** All paths of one stack. Two stacks with different state folders share nothing. */
export interface StackLayout {
  /** The project's folder. */
  root: string;
  /** Options, rendered configuration, logs, Redis data. */
  state: string;
  certificates: CertificateFiles;
  optionsFile: string;
  /** The plan of the running supervisor; present while it should be running. */
  planFile: string;
  /** Processes that the supervisor owns, for when it was killed itself. */
  processesFile: string;
  logs: string;
  /** Reports of load tests, one file each. */
  runs: string;
  nginxConf: string;
  redisConf: string;
  redisData: string;
  /** Sockets that NGINX's workers have to reach; a short path, for a socket's is limited to 108 bytes. */
  run: string;
  /** Sockets for the stack's own account only. */
  privateRun: string;
  /** Where the supervisor takes commands. */
  controlSocket: string;
  /** The token that a program of the stack's account sends to the console. */
  consoleToken: string;
  /** Browsers that are logged in at the console, as hashes. */
  consoleSessions: string;
  /** Keys of clients, as hashes. */
  apiKeys: string;
  /** The key of this account's own tools, where the stack requires keys. */
  operatorKey: string;
  /** Files that the containers of the Compose driver read. */
  containers: string;
  dashboard: string;
}

/** The facts of the machine that decide the paths. */
export interface StackPlace {
  root: string;
  /** Another folder than `<root>/.weir`: a stack of its own, with certificates of its own. */
  stateDir: string | undefined;
  /** 0 for root. */
  uid: number;
  /** `XDG_RUNTIME_DIR`. */
  runtimeDir: string | undefined;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function runFolder(state: string, place: StackPlace): string {
  const id = createHash('sha256').update(state).digest('hex').slice(0, 8);
  // Not XDG_RUNTIME_DIR for root: it is closed to every other account, and root's NGINX runs its workers as another.
  if (place.uid === 0) return isWritable('/run') ? `/run/weir-${id}` : `/tmp/weir-0-${id}`;
  const own = place.runtimeDir;
  if (own && own.length < 50 && isWritable(own)) return path.join(own, `weir-${id}`);
  return `/tmp/weir-${place.uid}-${id}`;
}

/** The paths of the stack at `place`; creates nothing. */
export function stackLayout(place: StackPlace): StackLayout {
  const state = path.resolve(place.stateDir ?? path.join(place.root, '.weir'));
  const ssl = place.stateDir ? path.join(state, 'ssl') : path.join(place.root, 'infrastructure/nginx/ssl');
  const run = runFolder(state, place);
  const privateRun = path.join(run, 'private');
  return {
    root: place.root,
    state,
    certificates: certificateFiles(ssl),
    optionsFile: path.join(state, 'options.json'),
    planFile: path.join(state, 'plan.json'),
    processesFile: path.join(state, 'processes.json'),
    logs: path.join(state, 'logs'),
    runs: path.join(state, 'runs'),
    nginxConf: path.join(state, 'nginx.conf'),
    redisConf: path.join(state, 'redis.conf'),
    redisData: path.join(state, 'redis'),
    run,
    privateRun,
    controlSocket: path.join(privateRun, 'control.sock'),
    consoleToken: path.join(state, 'console.token'),
    consoleSessions: path.join(state, 'console.sessions.json'),
    apiKeys: path.join(state, 'api_keys.json'),
    operatorKey: path.join(state, 'operator.key'),
    containers: path.join(state, 'containers'),
    dashboard: path.join(place.root, 'performance_dashboard'),
  };
}
