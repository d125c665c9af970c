import type { NginxSettings } from '../nginx/reload_nginx.ts';

/** How to check whether a service works. */
export type HealthQuestion =
  /** A socket's `path`, or a `port` of 127.0.0.1. */
  | { kind: 'redis'; path?: string; port?: number }
  /** A status below 500 means that it works. `url`, or `socket` and `path`. */
  | { kind: 'http'; url?: string; socket?: string; path?: string };

/** A process that the supervisor owns. */
export interface ServiceSpec {
  /** `nginx`, `redis`, `app-1` …, `console`. */
  name: string;
  kind: 'redis' | 'instance' | 'console' | 'nginx';
  command: string;
  args: string[];
  cwd: string;
  /** On top of the supervisor's own environment. */
  env: Record<string, string>;
  /** Receives stdout and stderr. */
  logFile: string;
  /** Where it listens, as `status` shows it. */
  address: string;
  /** Removed before a start: a killed process leaves its socket behind, and the next one could not bind. */
  sockets: string[];
  health: HealthQuestion;
  readyWithinMs: number;
  /** Time between SIGTERM and SIGKILL. */
  stopWithinMs: number;
  /** Pause between a death and the next start; 0.2 s by default. */
  restartAfterMs?: number;
}

/** Settings of the services beside the options; kept in the plan for instances that are added later. */
export interface ServiceSettings {
  nginx: string;
  /** The Perl that starts NGINX so that it notices clients that vanish; undefined without a suitable one. */
  perl: string | undefined;
  /** Undefined with a Redis of the user's own. */
  redis: string | undefined;
  /** Ports of the nodes of the stack's own Redis Cluster; undefined without one. */
  redisPorts: number[] | undefined;
  /** How long an instance lets its streams finish, in seconds. */
  drainSeconds: number;
  /** Origins whose pages may read the API; undefined means the dashboard's. */
  corsOrigins: string[] | undefined;
  /** File with the instances' providers and routes. */
  configFile: string | undefined;
  /** For the console's doctor: like PATH, the account (0 for root), and its folder with the browsers' profiles. */
  searchPath: string;
  uid: number;
  home: string | undefined;
}

/** The supervisor's input. It updates the file when the number of instances changes. */
export interface SupervisorPlan {
  /** Where this plan itself is kept. */
  planFile: string;
  controlSocket: string;
  processesFile: string;
  logs: string;
  run: string;
  /** The API behind NGINX, for the probes after an instance came back. */
  gatewayUrl: string;
  nginx: NginxSettings;
  /** From which further instances are made. */
  settings: ServiceSettings;
  /** In the order of their start. */
  services: ServiceSpec[];
}

/** The wanted instances, and the parts of NGINX's plan that depend on their number. */
export interface ScaleRequest {
  /** All instances that are wanted, the running ones included. */
  instances: ServiceSpec[];
  nginx: Pick<NginxSettings['plan'], 'instances' | 'workerConnections' | 'fileLimit'>;
}

export type ServiceState = 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping' | 'unwatched';

/** A service as `status` shows it. */
export interface ServiceStatus {
  name: string;
  /** `waiting`: it died, and its next start is due shortly. `unwatched`: the supervisor is gone. */
  state: ServiceState;
  pid: number | null;
  healthy: boolean;
  address: string;
  /** Of instances; 0 for the others. */
  active_streams: number;
}
