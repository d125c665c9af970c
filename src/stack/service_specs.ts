import path from 'node:path';
import type { DoctorPlace } from './doctor/check.ts';
import { instanceArgs } from './instance_command.ts';
import { nginxCommand } from './nginx/nginx_program.ts';
import { ownRedisUrl, redisSpecs } from './redis/redis_specs.ts';
import { corsOrigins, instanceNames, nginxHealthUrl, peerSocket, serviceSocket, stackUrl } from './stack_addresses.ts';
import type { StackLayout } from './stack_layout.ts';
import type { StackOptions } from './stack_options.ts';
import type { ServiceSettings, ServiceSpec } from './supervisor/service_spec.ts';

const READY_MS = 20_000;
/** Time after the drain, for the last answers and the log. */
const STOP_MARGIN_MS = 5000;

function instanceSpec(
  name: string,
  layout: StackLayout,
  options: StackOptions,
  settings: ServiceSettings,
): ServiceSpec {
  const socket = serviceSocket(layout, name);
  const peer = peerSocket(layout, name);
  return {
    name,
    kind: 'instance',
    command: process.execPath,
    args: instanceArgs(layout.root),
    cwd: layout.root,
    env: {
      INSTANCE_ID: name,
      SOCKET: socket,
      PEER_SOCKET: peer,
      REDIS_URL: options.redisUrl ?? ownRedisUrl(layout, settings.redisPorts),
      POOL_SCOPE: options.poolScope,
      MAX_CONNECTIONS: String(options.maxConnections),
      MAX_CONNECTIONS_PER_USER: String(options.maxPerUser),
      CORS_ORIGINS: corsOrigins(options, settings).join(','),
      DRAIN_SECONDS: String(settings.drainSeconds),
      WEIR_CONFIG: settings.configFile ?? '',
      IDENTITY_HEADER: options.identityHeader ?? '',
      AUTH_MODE: options.auth,
      API_KEYS_FILE: layout.apiKeys,
    },
    logFile: path.join(layout.logs, `${name}.log`),
    address: `unix:${socket}`,
    sockets: [socket, peer],
    health: { kind: 'http', socket, path: '/api/v1/health/ready' },
    readyWithinMs: READY_MS,
    stopWithinMs: settings.drainSeconds * 1000 + STOP_MARGIN_MS,
  };
}

function consoleSpec(layout: StackLayout, options: StackOptions, settings: ServiceSettings): ServiceSpec {
  const { searchPath, uid, home } = settings;
  const doctor: DoctorPlace = { layout, searchPath, uid, home };
  const socket = serviceSocket(layout, 'console');
  return {
    name: 'console',
    kind: 'console',
    command: process.execPath,
    args: [path.join(layout.root, 'src/console/main.ts')],
    cwd: layout.root,
    env: {
      // The console can start and stop things, so it stays on loopback whatever NGINX is bound to.
      CONSOLE_HOST: '127.0.0.1',
      CONSOLE_PORT: String(options.dashboardPort),
      CONSOLE_SOCKET: socket,
      API_BASE_URL: `${stackUrl(options)}/api/v1`,
      DASHBOARD_DIR: path.join(layout.dashboard, 'dist'),
      API_CA_FILE: layout.certificates.authority,
      RUNS_DIR: layout.runs,
      CONTROL_SOCKET: layout.controlSocket,
      CONSOLE_TOKEN_FILE: layout.consoleToken,
      CONSOLE_SESSIONS_FILE: layout.consoleSessions,
      DOCTOR_PLACE: JSON.stringify(doctor),
    },
    logFile: path.join(layout.logs, 'console.log'),
    address: `http://localhost:${options.dashboardPort}`,
    sockets: [socket],
    health: { kind: 'http', url: `http://127.0.0.1:${options.dashboardPort}/healthz` },
    readyWithinMs: READY_MS,
    stopWithinMs: STOP_MARGIN_MS,
  };
}

function nginxSpec(
  layout: StackLayout,
  options: StackOptions,
  { nginx, perl }: ServiceSettings,
  listen: string[],
): ServiceSpec {
  // Prefix and log are Weir's: the built-in paths belong to the system's own NGINX.
  const args = ['-p', layout.state, '-c', layout.nginxConf, '-e', 'stderr'];
  return {
    name: 'nginx',
    kind: 'nginx',
    ...nginxCommand({ command: nginx, args }, listen, perl),
    cwd: layout.state,
    env: {},
    logFile: path.join(layout.logs, 'nginx.log'),
    address: stackUrl(options),
    sockets: [],
    health: { kind: 'http', url: nginxHealthUrl(options) },
    readyWithinMs: READY_MS,
    stopWithinMs: STOP_MARGIN_MS,
  };
}

/** The instances that the options ask for. */
export function instanceSpecs(layout: StackLayout, options: StackOptions, settings: ServiceSettings): ServiceSpec[] {
  return instanceNames(options.instances).map((name) => instanceSpec(name, layout, options, settings));
}

/**
 * The stack's processes in the order of their start: Redis, instances, console, NGINX.
 *
 * @param listen the addresses in NGINX's `listen` directives
 */
export function serviceSpecs(
  layout: StackLayout,
  options: StackOptions,
  settings: ServiceSettings,
  listen: string[],
): ServiceSpec[] {
  const inside = options.all
    ? [...instanceSpecs(layout, options, settings), consoleSpec(layout, options, settings)]
    : [];
  const redis = settings.redis === undefined ? [] : redisSpecs(layout, settings.redis, settings.redisPorts);
  return [...redis, ...inside, nginxSpec(layout, options, settings, listen)];
}
