import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { nextRandom } from '../../src/adapters/providers/fake_text.ts';
import type { HealthView } from '../../src/formats/cluster/cluster_view.ts';
import { startInstance } from '../support/instance.ts';
import { startMockOpenai } from '../support/mock_openai.ts';
import { startRedis } from '../support/redis.ts';
import { REPORTS_REMAINS, type Remains, remainsOf } from '../support/remains_of.ts';
import { along, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';
import { type Ended, type Leaving, shortStream } from './short_stream.ts';

/**
 * Many short streams of all kinds at one instance with Redis, a third of them left by their clients at random points.
 * What the process holds afterwards is compared with what it held after the first tenth. Exit code 1, and a sentence, if
 * anything has grown, or anything is still held.
 */
const { values } = parseArgs({
  options: { streams: { type: 'string', default: '100000' }, seed: { type: 'string' } },
});
const AT_ONCE = 100;
/** What V8 compiles and caches on the way is no leak; what one stream holds is more than a kilobyte. */
const HEAP_SLACK = 3 * 1024 * 1024;
const HEAP_PER_STREAM = 40;
/** Redis, stdout and stderr, and this process' own questions. */
const OWN_SOCKETS = 6;
/** What must not come to stay; timers and writes of the log come and go. */
const LASTING = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap'];
const MAX_TIMERS = 10;

const say = (line: string) => process.stdout.write(`${line}\n`);
const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const streams = Number(values.streams);
const seed = Number(values.seed ?? Date.now() % 100_000) || 1;
if (!(streams >= 100)) {
  process.stderr.write('leaks: --streams wants a number from 100 on\n');
  process.exit(2);
}
let state = seed;
const random = () => {
  state = nextRandom(state);
  return state / 0x1_0000_0000;
};
const leaving = (): Leaving => {
  if (random() > 1 / 3) return 'not';
  return random() < 0.3 ? 'at once' : 1 + Math.floor(random() * 6);
};

const made = new AsyncDisposableStack();
const provider = made.use(await startMockOpenai());
const redis = await startRedis();
made.defer(() => redis.close());
const config = made.use(
  routeFile({
    providers: { ours: { base_url: provider.url } },
    routes: {
      kept: { ...along('ours/mock-8x1000'), cache: { ttl_seconds: 2 } },
      careful: along('ours/mock-401', 'ours/mock-8x1000'),
      spare: along('ours/mock-401', 'fake/demo'),
    },
  }),
);
const instance = await startInstance({
  NODE_OPTIONS: REPORTS_REMAINS,
  REDIS_URL: redis.url,
  WEIR_CONFIG: config.file,
  TRUSTED_PROXIES: '127.0.0.1',
  MAX_CONNECTIONS_PER_USER: '1000',
  RESUME_GRACE_SECONDS: '0',
});
made.defer(() => instance.stop());

/** Its end, and what it has to say about that, are what was looked for too. */
function mustLive(): void {
  const error = instance.lines.find(({ level }) => level === 'error');
  if (error) throw new Error(`the instance failed: ${error.reason}`);
  if (instance.process.exitCode !== null) throw new Error(`the instance ended with ${instance.process.exitCode}`);
}

/** Runs streams `from` up to `to`, and waits until nothing of them is open any more. */
async function run(from: number, to: number, counts: Record<Ended, number>): Promise<Remains> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let next = from;
  const client = async () => {
    while (next < to) {
      next += 1;
      mustLive();
      // The rest of its log is not read.
      if (instance.lines.length > 1_000) instance.lines.length = 0;
      counts[await shortStream(instance.url, agent, next, leaving())] += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  agent.destroy();
  await until('all slots are free', async () => {
    mustLive();
    const { pool } = (await (await fetch(`${instance.url}/api/v1/health`)).json()) as HealthView;
    return pool.total_connections === 0 && provider.open === 0;
  });
  provider.closeIdle();
  return until('connections are closed', async () => {
    const remains = await remainsOf(instance);
    // Redis is one, and this process' own questions another.
    const { TCPSocketWrap = 0, PipeWrap = 0 } = remains.handles;
    return TCPSocketWrap + PipeWrap <= OWN_SOCKETS ? remains : undefined;
  });
}

const problems: string[] = [];
try {
  const counts = { whole: 0, left: 0, refused: 0, broken: 0 };
  const startedAt = performance.now();
  const tenth = Math.round(streams / 10);
  const before = await run(0, tenth, counts);
  const after = await run(tenth, streams, counts);
  const active = /^weir_active_streams (\d+)$/m.exec(await (await fetch(`${instance.url}/metrics`)).text())?.[1];
  say(`seed ${seed}, ${streams} streams in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  say(
    `${Object.entries(counts)
      .map(([ended, count]) => `${count} ${ended}`)
      .join(', ')}`,
  );
  for (const [when, { heap, external, handles }] of [
    ['after a tenth', before],
    ['at the end', after],
  ] as const) {
    say(`${when}: heap ${mib(heap)}, external ${mib(external)}, ${JSON.stringify(handles)}`);
  }
  const allowed = HEAP_SLACK + (streams - tenth) * HEAP_PER_STREAM;
  if (after.heap - before.heap > allowed) problems.push(`the heap has grown by ${mib(after.heap - before.heap)}`);
  if (after.external - before.external > allowed) problems.push('memory outside of the heap has grown');
  for (const kind of LASTING) {
    const { [kind]: more = 0 } = after.handles;
    if (more > (before.handles[kind] ?? 0)) problems.push(`there are ${more} handles of kind ${kind}`);
  }
  if ((after.handles.Timeout ?? 0) > MAX_TIMERS) problems.push(`${after.handles.Timeout} timers wait`);
  if (active !== '0') problems.push(`${active} streams are counted as open`);
  if (counts.left < streams / 4 || counts.whole < streams / 3) problems.push('the mix was not what it should be');
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error));
}
await made.disposeAsync();
for (const problem of problems) process.stderr.write(`leaks: ${problem}\n`);
say(problems.length === 0 ? 'nothing leaks' : 'the leak hunt failed');
process.exit(problems.length === 0 ? 0 : 1);
