import { createServer } from 'node:http';
import { keepSecret } from '../compose/private_files.ts';
import { redisPlaces } from '../redis/redis_facts.ts';
import { UsageKeeper } from './usage_keeper.ts';

/**
 * A process that saves the usage of a Redis that writes nothing to disk. Natively the supervisor does that; in Compose
 * there is no supervisor. `REDIS_URL` is that of the instances, `USAGE_FILE` the file. At `HEALTH_PORT` of this machine
 * every request is answered with 200 while usage is saved, otherwise with 503 and the reason. The process also makes the
 * secret that instances and console read from `PEER_SECRET_FILE`, where none was set for them.
 */
const { REDIS_URL, USAGE_FILE, HEALTH_PORT, PEER_SECRET_FILE } = process.env;
if (!REDIS_URL || !USAGE_FILE || !HEALTH_PORT) {
  throw new Error('Set REDIS_URL, USAGE_FILE and HEALTH_PORT.');
}
if (PEER_SECRET_FILE) keepSecret(PEER_SECRET_FILE);
const keeper = new UsageKeeper(redisPlaces(REDIS_URL), USAGE_FILE);

const health = createServer((_, response) => {
  const { problem } = keeper;
  response.writeHead(problem === undefined ? 200 : 503).end(problem ?? 'usage is kept');
});

/** Instances have written their last usage before this process gets SIGTERM. */
async function leave(): Promise<void> {
  await keeper.stop();
  process.exit(0);
}
process.once('SIGTERM', leave);
process.once('SIGINT', leave);

health.listen(Number(HEALTH_PORT), '127.0.0.1');
keeper.start();
void keeper.look();
