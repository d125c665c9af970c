import { randomBytes } from 'node:crypto';
import type { CertificateFiles } from '../certificates/certificate_files.ts';
import { ensureCertificates } from '../certificates/ensure_certificates.ts';
import { writeJsonFile } from '../json_file.ts';
import { lastLine } from '../machine/run_command.ts';
import { CLUSTER_NODES, redisNodeName } from '../redis_specs.ts';
import type { StackDriver } from '../stack_driver.ts';
import { StackError } from '../stack_error.ts';
import type { StackOptions } from '../stack_options.ts';
import { type ComposeEngine, findComposeEngine } from './compose_engine.ts';
import { composeStatus } from './compose_status.ts';

/** Redis as the instances of docker-compose.yml reach it: one, or with the profile `redis-cluster` six. */
export const COMPOSE_REDIS_URL = 'redis://redis:6379';
export const COMPOSE_CLUSTER_URL = Array.from({ length: CLUSTER_NODES }, (_, index) => {
  return `redis://${redisNodeName(index)}:6379`;
}).join(',');

/** What the Compose driver needs to know. */
export interface ComposeContext {
  root: string;
  options: StackOptions;
  optionsFile: string;
  certificates: CertificateFiles;
  searchPath: string;
  /** Handed to docker-compose.yml, whose variables are named like an instance's. */
  environment: NodeJS.ProcessEnv;
}

/** Containers of one start share it, and nobody else on their network knows it. */
const PEER_SECRET = randomBytes(24).toString('base64url');

function variables(options: StackOptions): Record<string, string> {
  return {
    PEER_SECRET,
    POOL_SCOPE: options.poolScope,
    MAX_CONNECTIONS: String(options.maxConnections),
    MAX_CONNECTIONS_PER_USER: String(options.maxPerUser),
    IDENTITY_HEADER: options.identityHeader ?? '',
    REDIS_URL: options.redis === 'cluster' ? COMPOSE_CLUSTER_URL : COMPOSE_REDIS_URL,
  };
}

function profile({ redis }: StackOptions): string[] {
  return redis === 'cluster' ? ['--profile', 'redis-cluster'] : [];
}

async function must(engine: ComposeEngine, args: string[], options: StackOptions): Promise<string> {
  const { code, output } = await engine.run([...profile(options), ...args], variables(options));
  if (code === 0) return output;
  throw new StackError(`docker compose ${args[0]} failed (${lastLine(output)})`, 'see docker compose logs');
}

/** The stack as containers: docker-compose.yml as it is checked in. */
export function composeDriver(context: ComposeContext): StackDriver {
  const { root, options, searchPath, environment } = context;
  const engine = () => findComposeEngine(root, searchPath, environment);
  const status = async () => composeStatus(await must(await engine(), ['ps', '--format', 'json'], options));
  return {
    startPhases: () => [
      { title: 'Looking for a container engine', run: async () => void (await engine()) },
      { title: 'Checking the certificate', run: () => ensureCertificates(context.certificates) },
      {
        title: 'Building and starting the containers',
        run: async () => void (await must(await engine(), ['up', '--detach', '--build', '--wait'], options)),
        undo: async () => void (await must(await engine(), ['down'], options)),
      },
      { title: 'Keeping the options', run: async () => writeJsonFile(context.optionsFile, options) },
    ],
    async runState() {
      return (await status().catch(() => [])).length > 0 ? 'yes' : 'no';
    },
    status,
    async stop(now) {
      const ran = (await status()).length > 0;
      await must(await engine(), ['down', ...(now ? ['--timeout', '0'] : [])], options);
      return ran;
    },
    async restart(service) {
      await must(await engine(), ['restart', service], options);
    },
    async reload() {
      throw new StackError(
        'the containers of docker-compose.yml have no configuration file',
        'set their variables and restart them one by one (./weir restart app-1, and so on)',
      );
    },
    async rollingRestart() {
      throw new StackError(
        '--rolling is for native instances, which NGINX can be told to spare',
        'restart the containers one by one (./weir restart app-1, and so on), each when the one before is healthy',
      );
    },
    async scale() {
      throw new StackError(
        'docker-compose.yml says how many containers there are',
        'scale the native stack (./weir start --all without --driver compose), or add the instances to docker-compose.yml and src/stack/nginx/compose_plan.ts',
      );
    },
  };
}
