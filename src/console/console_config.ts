import { z } from 'zod';
import { type DoctorPlace, doctorPlaceSchema } from '../stack/doctor/check.ts';

const schema = z.object({
  CONSOLE_HOST: z.string().min(1).default('127.0.0.1'),
  CONSOLE_PORT: z.coerce.number().int().min(0).max(65535).default(3001),
  CONSOLE_SOCKET: z.string().min(1).optional(),
  CONSOLE_PROXIED_PORT: z.coerce.number().int().min(1).max(65535).optional(),
  API_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://localhost/api/v1'),
  API_CONNECT_TO: z
    .string()
    .regex(/^[^:/]+:\d{1,5}$/, 'a host and a port, such as nginx:443')
    .optional(),
  DASHBOARD_DIR: z.string().min(1).default('performance_dashboard/dist'),
  API_CA_FILE: z.string().min(1).optional(),
  RUNS_DIR: z.string().min(1).default('.weir/runs'),
  CONTROL_SOCKET: z.string().min(1).optional(),
  INSTANCE_URLS: z
    .string()
    .regex(
      /^[\w-]+=https?:\/\/[^,/]+(,[\w-]+=https?:\/\/[^,/]+)*$/,
      'names and addresses, such as app-1=http://app-1:8000',
    )
    .transform((text) => new Map(text.split(',').map((each) => each.split('=', 2) as [string, string])))
    .optional(),
  CONSOLE_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  CONSOLE_TOKEN_FILE: z.string().min(1).optional(),
  CONSOLE_SESSIONS_FILE: z.string().min(1).optional(),
  PEER_URLS: z
    .string()
    .default('')
    .transform((list) => list.split(',').filter(Boolean))
    .pipe(z.array(z.url({ protocol: /^http$/ }))),
  PEER_SECRET: z.string().default(''),
  PEER_SECRET_FILE: z.string().min(1).optional(),
  API_KEYS_FILE: z.string().min(1).optional(),
  OPERATOR_KEY_FILE: z.string().min(1).optional(),
  DOCTOR_PLACE: z
    .string()
    .transform((text) => doctorPlaceSchema.parse(JSON.parse(text)))
    .optional(),
});

/** The console's configuration, parsed once. */
export interface ConsoleConfig {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Unix socket for NGINX; undefined: not behind NGINX on this machine. */
  socket: string | undefined;
  /** Port for NGINX in another container; never publish it. */
  proxiedPort: number | undefined;
  /** Ends with `/api/v1`, without a slash. */
  apiBaseUrl: string;
  /** `host:port` to connect to for the API, if the browser's address does not work from here. */
  connectTo: string | undefined;
  /** Folder of the built dashboard; may be missing. */
  dashboardDir: string;
  /** PEM of the authority that signed the API's certificate; may be missing. */
  caFile: string | undefined;
  /** Folder of the saved load tests. */
  runsDir: string;
  /** Socket of the supervisor; undefined if the stack is not native. */
  controlSocket: string | undefined;
  /** Addresses of the instances by name, if there is no supervisor; without a slash at the end. */
  instanceUrls: ReadonlyMap<string, string> | undefined;
  /** Secret of programs under the stack's account; undefined: read from the file, else random. */
  token: string | undefined;
  /** File with that token. */
  tokenFile: string | undefined;
  /** File that keeps the logins over a restart. */
  sessionsFile: string | undefined;
  /** Peer listeners of the instances, if the console reaches them over a network. */
  peerUrls: string[];
  peerSecret: string;
  /** File with that secret, used if it is empty. */
  peerSecretFile: string | undefined;
  /** In a container: files with the clients' keys and with the operator's key; may be missing. */
  apiKeysFile: string | undefined;
  operatorKeyFile: string | undefined;
  /** The native stack that the console belongs to; undefined if there is none. */
  doctorPlace?: DoctorPlace | undefined;
}

/**
 * Reads the console's environment.
 * @throws Error with one sentence for each invalid variable
 */
export function parseConsoleConfig(env: Record<string, string | undefined>): ConsoleConfig {
  // An empty variable is how shells and Compose files write "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}.`).join('\n'));
  }
  const { data } = parsed;
  return {
    host: data.CONSOLE_HOST,
    port: data.CONSOLE_PORT,
    socket: data.CONSOLE_SOCKET,
    proxiedPort: data.CONSOLE_PROXIED_PORT,
    apiBaseUrl: data.API_BASE_URL.replace(/\/+$/, ''),
    connectTo: data.API_CONNECT_TO,
    dashboardDir: data.DASHBOARD_DIR,
    caFile: data.API_CA_FILE,
    runsDir: data.RUNS_DIR,
    controlSocket: data.CONTROL_SOCKET,
    instanceUrls: data.INSTANCE_URLS,
    token: data.CONSOLE_TOKEN,
    tokenFile: data.CONSOLE_TOKEN_FILE,
    sessionsFile: data.CONSOLE_SESSIONS_FILE,
    peerUrls: data.PEER_URLS,
    peerSecret: data.PEER_SECRET,
    peerSecretFile: data.PEER_SECRET_FILE,
    apiKeysFile: data.API_KEYS_FILE,
    operatorKeyFile: data.OPERATOR_KEY_FILE,
    doctorPlace: data.DOCTOR_PLACE,
  };
}
