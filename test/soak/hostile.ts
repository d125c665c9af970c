import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Deployment } from '../support/deployment.ts';
import { HostileScript, randomOf } from '../support/hostile_provider.ts';
import { startMockOpenai } from '../support/mock_openai.ts';
import { along, routeFile } from '../support/route_files.ts';
import { until } from '../support/until.ts';
import { CASES, ending, type HostileCase } from './hostile_cases.ts';

/**
 * Providers that send JSON of wrong shapes, in odd framings and with odd usage, at every endpoint, plain, resumable,
 * cached and routed, beside honest streams. No instance may end, no honest stream may be cut, every hostile one ends
 * with exactly one truthful terminal, and all slots are free afterwards. Exit code 1, and a sentence for each that is
 * not so. A request is made of the seed and its number: `--seed S --request N` plays that one alone.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, request: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 100_000) || 1;
if (!(minutes > 0)) {
  process.stderr.write('soak:hostile: --minutes wants a number above zero\n');
  process.exit(2);
}

const HOSTILE_CLIENTS = 12;
const HONEST_CLIENTS = 6;
/** Of each kind: where the circuit of one is open, others are asked. */
const PROVIDERS = 8;
const HONEST_WORDS = 100;
/** Whatever has not ended by then hangs. */
const TIMEOUT_MS = 30_000;
const SPEAKS = ['chat', 'responses', 'embeddings', 'messages'];

const say = (line: string) => process.stdout.write(`${line}\n`);
const wrong: string[] = [];
const counts = new Map<string, number>();
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);

const script = new HostileScript(seed);
const hostile = await script.start();
const honest = await startMockOpenai();
const odd = { base_url: hostile.url, capabilities: { speaks: SPEAKS } };
const cache = { ttl_seconds: 5 };
const each = <T>(make: (at: number) => T) => Array.from({ length: PROVIDERS }, (_, at) => make(at));
const config = routeFile({
  providers: {
    ...Object.fromEntries(each((at) => [`odd-${at}`, odd])),
    ...Object.fromEntries(each((at) => [`second-${at}`, odd])),
    ...Object.fromEntries(each((at) => [`runs-${at}`, { ...odd, capabilities: { continuation: 'responses' } }])),
    honest: { base_url: honest.url, capabilities: { speaks: SPEAKS } },
  },
  routes: {
    ...Object.fromEntries(each((at) => [`kept-${at}`, { ...along(`odd-${at}/m`), cache }])),
    ...Object.fromEntries(each((at) => [`routed-${at}`, along(`odd-${at}/m`, `second-${at}/m`)])),
    ...Object.fromEntries(each((at) => [`both-${at}`, { ...along(`odd-${at}/m`, `second-${at}/m`), cache }])),
  },
});
const deployment = await Deployment.start({
  instances: 2,
  env: { WEIR_CONFIG: config.file, DEFAULT_PROVIDER: 'fake', DRAIN_SECONDS: '30' },
});

async function post(at: number, path: string, body: object): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(`${deployment.url(at)}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Real-IP': `10.0.0.${at}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text };
}

/** Our own endpoint has a field for the provider. */
function target(path: string, name: string): object {
  const [provider, model] = name.split('/');
  return path.startsWith('/api/') && model !== undefined ? { provider, model } : { model: name };
}

/** @returns what became of it, in a word */
async function playHostile(number: number): Promise<string> {
  const random = randomOf(seed + number);
  const which = CASES[Math.floor(random() * CASES.length)] as HostileCase;
  // Now and then an equal request, for what is kept and shared.
  const asked = random() < 0.2 ? number - 2 * PROVIDERS : number;
  const { path, body, protocol, streamed, model } = which;
  const sent = script.answer(asked, protocol, streamed);
  try {
    const answer = await post(number % 2, path, {
      ...body(`hostile ${asked}`),
      ...target(path, model(number % PROVIDERS)),
    });
    const end = ending(which, answer, sent.body);
    if ('wrong' in end) wrong.push(`request ${number} (${which.name}): ${end.wrong}\n${answer.text.slice(-600)}`);
    return `${which.name}: ${'wrong' in end ? 'wrong' : end.outcome}`;
  } catch (error) {
    wrong.push(`request ${number} (${which.name}) got no answer: ${String((error as Error).cause ?? error)}`);
    return `${which.name}: no answer`;
  }
}

let next = 2 * PROVIDERS;
async function hostileClient(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    next += 1;
    count(await playHostile(next));
    await sleep(5);
  }
}

async function honestClient(at: number, stop: AbortSignal): Promise<void> {
  const model = `mock-${HONEST_WORDS}x50`;
  while (!stop.aborted) {
    const isChat = at % 3 === 2;
    const body = isChat
      ? { model: `honest/${model}`, messages: [{ role: 'user', content: 'hi' }], stream: true }
      : { query: 'hi', model, provider: 'honest', resumable: at % 3 === 1 };
    const path = isChat ? '/v1/chat/completions' : '/api/v1/stream';
    try {
      const { status, text } = await post(at % 2, path, body);
      const words = text.match(/"content":"word "/g)?.length ?? 0;
      const isWhole = status === 200 && words === HONEST_WORDS && text.endsWith('data: [DONE]\n\n');
      if (!isWhole) wrong.push(`an honest stream at ${path} was cut: ${status}, ${words} words, ${text.slice(-300)}`);
      count(`honest at ${path}: ${isWhole ? 'whole' : 'cut'}`);
    } catch (error) {
      wrong.push(`an honest stream at ${path} was cut: ${String((error as Error).cause ?? error)}`);
    }
  }
}

/** What instances wrote and providers got is not kept for minutes; what is wrong is. */
async function tidy(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await sleep(1_000, undefined, { signal: stop }).catch(() => {});
    hostile.requests.length = 0;
    honest.requests.length = 0;
    for (const { lines } of deployment.instances) {
      const errors = lines.filter(({ level }) => level === 'error');
      lines.splice(0, lines.length, ...errors);
    }
  }
}

/** Slots and streams that are still held; '' when there are none. */
async function left(): Promise<string> {
  const found: string[] = [];
  for (const at of deployment.instances.keys()) {
    const [slots, active] = [await deployment.slots(at), await deployment.metric(at, 'weir_active_streams')];
    if (slots > 0 || active !== 0) found.push(`app-${at + 1} has ${slots} slots and ${active} streams`);
  }
  return found.join(', ');
}

say(`seed ${seed}, ${minutes} minutes, ${HOSTILE_CLIENTS} hostile clients, ${HONEST_CLIENTS} honest ones`);
try {
  if (values.request === undefined) {
    const stop = AbortSignal.timeout(minutes * 60_000);
    const clients = Array.from({ length: HOSTILE_CLIENTS }, () => hostileClient(stop));
    const others = Array.from({ length: HONEST_CLIENTS }, (_, at) => honestClient(at, stop));
    await Promise.all([...clients, ...others, tidy(stop)]);
  } else count(await playHostile(Number(values.request)));

  for (const { process: child, exited } of deployment.instances) {
    if (child.exitCode !== null || child.signalCode !== null) wrong.push(`an instance has ended: ${await exited}`);
  }
  for (const line of deployment.errors()) wrong.push(`an instance wrote ${JSON.stringify(line)}`);
  await until('all slots are free', async () => (await left()) === '').catch(async () => wrong.push(await left()));
} catch (error) {
  wrong.push(String(error));
} finally {
  await deployment.close();
  await hostile.close();
  await honest.close();
  config[Symbol.dispose]();
}

for (const [what, times] of [...counts].sort()) say(`${String(times).padStart(7)}  ${what}`);
if (counts.size === 0) wrong.push('not one request was made');
for (const problem of wrong.slice(0, 20)) process.stderr.write(`soak:hostile: seed ${seed}: ${problem}\n`);
if (wrong.length > 20) process.stderr.write(`soak:hostile: and ${wrong.length - 20} more\n`);
say(wrong.length === 0 ? 'no instance ended, no honest stream was cut, and nothing is left' : 'the soak failed');
process.exit(wrong.length === 0 ? 0 : 1);
