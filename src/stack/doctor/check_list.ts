import { checkCertificate, checkTrust } from './certificate_checks.ts';
import type { Check, CheckId, DoctorContext, Situation } from './check.ts';
import { checkFileLimit } from './file_limit_check.ts';
import { checkApiUrl, checkClock, checkCors, checkReachable, checkRedisConnection } from './gateway_checks.ts';
import { checkDisk, checkNginxInstalled, checkPorts, checkRedisInstalled, checkRuntime } from './machine_checks.ts';
import { checkConfiguration, checkSharedZone, checkVanishedClients } from './nginx_checks.ts';
import { checkConfigFileOf, checkProviderKeys, checkProviders } from './provider_checks.ts';
import { checkRedisServer } from './redis_checks.ts';
import { checkConsole, checkInstances, checkNginxRuns, checkSupervisor } from './stack_checks.ts';
import { checkBalance, checkUnbuffered } from './stream_checks.ts';

/** One check, and how it depends on the others: one cause is reported once. */
export interface ListedCheck {
  id: CheckId;
  /** Whether the check makes sense here. Default: always. */
  applies?: (context: DoctorContext, situation: Situation) => boolean;
  /** Left out when one of these failed, or was left out for the same reason. */
  needs?: CheckId[];
  /** When one of these is not ok, the finding of this check follows from it and is not reported. */
  explainedBy?: CheckId[];
  /** It opens streams, which costs a second. */
  opensStreams?: boolean;
  run: (context: DoctorContext, situation: Situation) => Check | Promise<Check>;
}

type Applies = NonNullable<ListedCheck['applies']>;

const isNative: Applies = ({ options }) => options.driver === 'native';
const isThere: Applies = (_context, { services }) => services.length > 0;
const runsNatively: Applies = (context, situation) => isNative(context, situation) && isThere(context, situation);
const hasOwnRedis: Applies = ({ options }) => options.driver === 'native' && options.redisUrl === undefined;
const hasDashboard: Applies = ({ options }, { services }) => options.all && services.length > 0;

/** Every check, in the order in which a fault shows: machine, files, processes, requests. */
export const CHECK_LIST: readonly ListedCheck[] = [
  { id: 'runtime', run: () => checkRuntime() },
  { id: 'nginx_installed', applies: isNative, run: checkNginxInstalled },
  { id: 'redis_installed', applies: hasOwnRedis, run: checkRedisInstalled },
  { id: 'file_limit', run: checkFileLimit },
  { id: 'disk', run: checkDisk },
  { id: 'certificate', run: checkCertificate },
  { id: 'config_file', applies: ({ configFile }) => configFile !== undefined, run: checkConfigFileOf },
  {
    id: 'nginx_config',
    applies: isNative,
    needs: ['nginx_installed'],
    explainedBy: ['certificate'],
    run: checkConfiguration,
  },
  { id: 'shared_zone', applies: runsNatively, needs: ['nginx_config'], run: checkSharedZone },
  { id: 'vanished_clients', applies: runsNatively, run: (context) => checkVanishedClients(context) },
  { id: 'ports', run: checkPorts },
  { id: 'supervisor', applies: runsNatively, run: (_context, { services }) => checkSupervisor(services) },
  {
    id: 'nginx_running',
    // A stack that is not started is reported beside the faults that will prevent its start.
    applies: (_context, { services }) => services.length === 0,
    run: checkNginxRuns,
  },
  {
    id: 'nginx_running',
    applies: isThere,
    explainedBy: ['ports', 'nginx_config', 'certificate'],
    run: checkNginxRuns,
  },
  { id: 'certificate_trust', needs: ['nginx_running', 'certificate'], run: checkTrust },
  { id: 'instances_alive', applies: isThere, run: checkInstances },
  { id: 'dashboard', applies: hasDashboard, run: (_context, { services }) => checkConsole(services) },
  { id: 'redis_server', applies: runsNatively, run: checkRedisServer },
  {
    id: 'instances_reachable',
    applies: hasDashboard,
    needs: ['nginx_running'],
    explainedBy: ['instances_alive'],
    run: checkReachable,
  },
  {
    id: 'provider_keys',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_reachable'],
    run: (context) => checkProviderKeys(context),
  },
  {
    id: 'providers',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_reachable'],
    run: (context) => checkProviders(context),
  },
  {
    id: 'api_url',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_reachable'],
    explainedBy: ['dashboard'],
    run: checkApiUrl,
  },
  {
    id: 'redis',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_reachable'],
    explainedBy: ['redis_server'],
    run: checkRedisConnection,
  },
  {
    id: 'clock',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_reachable', 'redis_server'],
    run: checkClock,
  },
  { id: 'cors', applies: hasDashboard, needs: ['nginx_running', 'instances_reachable'], run: checkCors },
  {
    id: 'unbuffered',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_alive', 'instances_reachable'],
    opensStreams: true,
    run: checkUnbuffered,
  },
  {
    id: 'balance',
    applies: hasDashboard,
    needs: ['nginx_running', 'instances_alive', 'instances_reachable'],
    explainedBy: ['shared_zone', 'instances_reachable'],
    opensStreams: true,
    run: checkBalance,
  },
];
