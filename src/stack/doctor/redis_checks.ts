import { redisFacts } from '../redis_facts.ts';
import { redisSocket } from '../service_specs.ts';
import { type Check, type DoctorContext, fail, ok, warn } from './check.ts';

const OLDEST_MAJOR = 6;

/** The server itself: can it be reached, may it be written to, does it throw things away. */
export async function checkRedisServer({ layout, options }: DoctorContext): Promise<Check> {
  const id = 'redis_server';
  const own = options.redisUrl === undefined;
  const mend = own ? './weir restart redis' : 'mend it there, or leave out --redis-url';
  try {
    const { version, role, evictionPolicy } = await redisFacts(options.redisUrl ?? `unix://${redisSocket(layout)}`);
    if (role === 'slave')
      return fail(id, 'Redis is a replica', 'Nothing can be written to it.', 'name the primary with --redis-url');
    if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
      return warn(id, `Redis ${version} is old`, `Tested with ${OLDEST_MAJOR} and newer.`, 'install a newer one');
    }
    if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
      const why = 'When its memory is full, it throws away what instances still count on.';
      return warn(id, `Redis evicts (${evictionPolicy})`, why, 'redis-cli config set maxmemory-policy noeviction');
    }
    return ok(id, `Redis ${version}, ${role}, ${evictionPolicy ?? 'eviction policy not told'}`);
  } catch (error) {
    return fail(
      id,
      (error as Error).message,
      'Without it the instances do not know of each other; streams and their limits go on.',
      mend,
    );
  }
}
