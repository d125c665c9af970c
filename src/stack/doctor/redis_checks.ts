import { type RedisFacts, redisFacts, redisHosts } from '../redis/redis_facts.ts';
import { ownRedisUrl, redisNodeName } from '../redis/redis_specs.ts';
import { StackError } from '../stack_error.ts';
import { readPlan } from '../supervisor/control_client.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

const ID = 'redis_server';
const OLDEST_MAJOR = 6;
const WITHOUT_IT = 'Without Redis the instances do not know each other; streams and limits continue.';

/** Arguments of redis-cli for a server; it asks for a password itself. */
function cliAddress(url: string): string {
  if (url.startsWith('unix://')) return `-s ${url.slice('unix://'.length)}`;
  const shown = url.replace(/\/\/[^@/]*@/, '//');
  return shown === url ? `-u ${url}` : `--askpass -u ${shown}`;
}

/** Requirements for every server, alone or in a cluster. */
function unfit(url: string, { version, evictionPolicy }: RedisFacts): Check | undefined {
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    return warn(ID, `Redis ${version} is old`, `Tested with ${OLDEST_MAJOR} and newer.`, 'install a newer one');
  }
  if (evictionPolicy === undefined || evictionPolicy === 'noeviction') return undefined;
  const why = 'When its memory is full, it deletes data that instances still need.';
  const fix = `redis-cli ${cliAddress(url)} config set maxmemory-policy noeviction`;
  return warn(ID, `Redis evicts (maxmemory-policy ${evictionPolicy})`, why, fix);
}

async function checkOne(url: string, fix: string): Promise<Check> {
  try {
    const facts = await redisFacts(url);
    if (facts.role === 'slave') {
      return fail(ID, 'Redis is a replica', 'Nothing can be written to it.', 'name the primary with --redis-url');
    }
    const policy = facts.evictionPolicy ?? 'eviction policy unknown';
    return unfit(url, facts) ?? ok(ID, `Redis ${facts.version}, ${facts.role}, ${policy}`);
  } catch (error) {
    const what = error instanceof StackError ? error.problem : (error as Error).message;
    return fail(ID, what, WITHOUT_IT, fix);
  }
}

async function checkCluster(hosts: string[], own: boolean): Promise<Check> {
  const answers = await Promise.allSettled(hosts.map((host) => redisFacts(host)));
  const facts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const misfit = answers.flatMap((answer, index) => {
    return answer.status === 'fulfilled' ? (unfit(hosts[index]!, answer.value) ?? []) : [];
  });
  const silent = answers.findIndex((answer) => answer.status === 'rejected');
  const fix = own ? `./weir restart ${redisNodeName(Math.max(silent, 0))}` : 'repair it there';
  const count = `${facts.length} of ${hosts.length} hosts of the Redis Cluster answer`;
  if (facts.length === 0) return fail(ID, count, WITHOUT_IT, own ? './weir restart' : fix);
  const state = facts.find(({ clusterState }) => clusterState !== 'ok');
  if (state) {
    const what = state.clusterState ? `the Redis Cluster is in state "${state.clusterState}"` : 'Redis is no cluster';
    return fail(ID, what, 'Some of its slots have no primary.', own ? './weir restart' : 'repair it there');
  }
  if (silent >= 0) return warn(ID, count, 'If another host fails, some of its slots may be lost.', fix);
  return misfit[0] ?? ok(ID, `Redis ${facts[0]!.version}, ${count}, state ok`);
}

/** The server itself, or each of a cluster: whether it answers, accepts writes, and keeps its data. */
export async function checkRedisServer({ layout, options }: DoctorContext): Promise<Check> {
  const own = options.redisUrl === undefined;
  const hosts = redisHosts(options.redisUrl ?? ownRedisUrl(layout, readPlan(layout.planFile)?.settings.redisPorts));
  if (hosts.length > 1) return checkCluster(hosts, own);
  return checkOne(hosts[0] ?? '', own ? './weir restart redis' : 'repair it there, or leave out --redis-url');
}
