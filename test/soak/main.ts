import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { nextRandom } from '../../src/adapters/providers/fake_text.ts';
import { nodeTransport } from '../../src/load/node/node_transport.ts';
import { newStack, type StackFixture } from '../support/stack_fixture.ts';
import { memory, pathOf, remains } from './remains.ts';
import { type SoakTally, soakClient, type WrongStream } from './soak_client.ts';
import { Timeline } from './timeline.ts';

/**
 * Many clients of all manners on a stack of its own, while an instance is killed every few seconds. Afterwards nothing
 * may be left, and every stream must have been whole or have ended with a reason. Exit code 1, and a sentence, if not.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string' }, scope: { type: 'string' } },
});
const CLIENTS = 50;
const KILL_EVERY_MS = 5_000;
/** All slots of a dead instance are free within this time. */
const SETTLE_MS = 11_000;
const MAX_MEMORY = 400 * 1024 * 1024;
/** What happened this long before and after a stream is reported with it. */
const AROUND_MS = 2_000;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function killInTurn(
  stack: StackFixture,
  random: () => number,
  timeline: Timeline,
  stop: AbortSignal,
): Promise<number> {
  for (let kills = 0; ; kills += 1) {
    await sleep(KILL_EVERY_MS, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return kills;
    const text = readFileSync(path.join(stack.state, 'processes.json'), 'utf8');
    const instances = (JSON.parse(text) as { name: string; pid: number }[]).filter(({ name }) =>
      name.startsWith('app-'),
    );
    const victim = instances[Math.floor(random() * instances.length)];
    try {
      if (!victim) continue;
      process.kill(victim.pid, 'SIGKILL');
      timeline.note(`${victim.name} is killed, pid ${victim.pid}`);
    } catch {
      // It is just being started again.
    }
  }
}

/** A stream that failed: what its client saw, and what happened to the deployment meanwhile. */
function reportOf({ what, startedAt, endedAt, threadId, story }: WrongStream, timeline: Timeline): string {
  const from = startedAt - AROUND_MS;
  const seen = story.between(from, endedAt);
  const happened = timeline.between(from, endedAt + AROUND_MS, threadId);
  return [what, ...[...seen, ...happened].sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b))].join('\n    ');
}

async function soak(stack: StackFixture, minutes: number, seed: number): Promise<string[]> {
  let state = seed;
  const random = () => {
    state = nextRandom(state);
    return state / 0x1_0000_0000;
  };
  const tally: SoakTally = { counts: {}, wrong: [] };
  const stop = AbortSignal.timeout(minutes * 60_000);
  const http1 = nodeTransport(stack.url, { ca: stack.ca, http1: true });
  const http2 = nodeTransport(stack.url, { ca: stack.ca });
  const clients = Array.from({ length: CLIENTS }, (_, at) => {
    const via =
      at % 2 === 0 ? { transport: http1.send, protocol: 'HTTP/1.1' } : { transport: http2.send, protocol: 'HTTP/2' };
    return soakClient({ ...via, baseUrl: stack.api, user: `user-${at % 10}`, tally, random }, stop);
  });
  const timeline = new Timeline();
  const started = await stack.services();
  const before = await memory(started);
  const watching = timeline.watchRedis(pathOf(started.find(({ name }) => name === 'redis')?.address ?? ''), stop);
  const killing = killInTurn(stack, random, timeline, stop);
  await Promise.all(clients);
  const kills = await killing;
  await watching;
  http1.close();
  http2.close();

  const services = await stack.services();
  let left: string[] = [];
  for (const deadline = performance.now() + SETTLE_MS; ; await sleep(500)) {
    left = await remains(services);
    if (left.length === 0 || performance.now() > deadline) break;
  }
  const after = await memory(services);
  for (const [name, count] of Object.entries(tally.counts).sort()) say(`${String(count).padStart(6)}  ${name}`);
  say(`${String(kills).padStart(6)}  instances killed`);
  const mib = (sizes: Record<string, number>) =>
    Object.entries(sizes).map(([name, bytes]) => `${name} ${Math.round(bytes / 1024 / 1024)} MiB`);
  say(`memory at the start: ${mib(before).join(', ')}; at the end: ${mib(after).join(', ')}`);

  const fat = Object.entries(after).filter(([, bytes]) => bytes > MAX_MEMORY);
  if (Object.keys(tally.counts).length === 0) left.push('not one stream ran');
  if (tally.wrong.length > 0) timeline.readLogs(stack, Object.keys(after));
  const wrong = tally.wrong.map((stream) => reportOf(stream, timeline));
  return [...wrong, ...left, ...fat.map(([name]) => `${name} has grown beyond ${mib(after)}`)];
}

const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 100_000) || 1;
if (!(minutes > 0)) {
  process.stderr.write('soak: --minutes wants a number above zero\n');
  process.exit(2);
}
const stack = await newStack();
let problems: string[];
try {
  const scope = values.scope === undefined ? [] : ['--pool-scope', values.scope];
  await stack.start(['--max-per-user', '1000', '--identity-header', 'X-User', ...scope]);
  say(`seed ${seed}, ${minutes} minutes, ${CLIENTS} clients`);
  problems = await soak(stack, minutes, seed);
} finally {
  await stack.destroy();
}
for (const problem of problems.slice(0, 20)) process.stderr.write(`soak: ${problem}\n`);
if (problems.length > 20) process.stderr.write(`soak: and ${problems.length - 20} more\n`);
say(problems.length === 0 ? 'nothing was lost, and nothing is left' : 'the soak failed');
process.exit(problems.length === 0 ? 0 : 1);
