import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { type MockOpenai, startMockOpenai } from '../support/mock_openai.ts';
import { type Story, storyOf } from '../support/mock_story.ts';
import { type RouteFile, routeFile } from '../support/route_files.ts';
import { cancel, type Followed, goOn, startStory, terminal } from '../support/takeover_pair.ts';
import { until } from '../support/until.ts';

/** Six seconds: that the slowest stream of many has fifty chunks before the first one ends. */
const MODEL = 'story-600x100';
const STORY = storyOf(MODEL) as Story;
const LONG = 'story-10000x20';
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** Providers, each with the way in which it goes on with an answer. */
const CONTINUATIONS = {
  background: 'responses',
  prefix: 'prefix',
  echo: 'prefix_echo',
  final: 'continue_final_message',
  none: 'none',
  rewritten: 'responses',
  unechoed: 'prefix_echo',
  unreadable: 'responses',
  late: 'none',
  orderly: 'responses',
  faulty: 'responses',
  passing: 'responses',
  dying: 'responses',
} as const;
type Name = keyof typeof CONTINUATIONS;

const providers = {} as Record<Name, MockOpenai>;
let config: RouteFile;
let deployment: Deployment;
beforeAll(async () => {
  const names = Object.keys(CONTINUATIONS) as Name[];
  // This one says nothing when it is asked first.
  const silent = () => (providers.late.requests.length > 1 ? undefined : [{ until: new Promise<void>(() => {}) }]);
  for (const name of names) providers[name] = await startMockOpenai(name === 'late' ? { script: silent } : {});
  providers.rewritten.responses.rewrite = (event) => event.replace('words 20. ', 'other words. ');
  providers.unreadable.responses.streamable = false;
  const settings = names.map((name) => [
    name,
    { base_url: providers[name].url, capabilities: { continuation: CONTINUATIONS[name] } },
  ]);
  config = routeFile({ providers: Object.fromEntries(settings) });
  deployment = await Deployment.start({ instances: 2, env: { WEIR_CONFIG: config.file, DRAIN_SECONDS: '0' } });
});
afterAll(async () => {
  await deployment.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
  config[Symbol.dispose]();
});

const start = (at: number, provider: Name, body = {}, model = MODEL) =>
  startStory(deployment.at(at), model, { provider, ...body });
const chunks = ({ events }: Followed) => events.filter(({ event }) => event === 'chunk');

/** Chunks that the owner of this number said, and not what an earlier one left in the log. */
const saidBy = (owner: number, stream: Followed) =>
  chunks(stream).filter(({ id }) => id.startsWith(`${owner}.`)).length;

/** What its client has of a stream: of the owner that died, and of the heir, to the end. */
type Both = [first: Followed, second: Followed];

function expectWhole(first: Followed, second: Followed, story = STORY): void {
  expect(first.text() + second.text()).toBe(story.text);
  expect(second.events.find(({ id }) => id.startsWith('2.'))).toBeDefined();
  expect(terminal(first, second)).toMatchObject({
    event: 'complete',
    finish_reason: 'stop',
    total_length: [...story.text].length,
    sha256: sha256(story.text),
  });
}

/** Of code points, that the client holds of an answer which could not go on. */
function expectLost(first: Followed, second: Followed): void {
  const text = first.text() + second.text();
  expect(STORY.text.startsWith(text)).toBe(true);
  expect(terminal(first, second)).toMatchObject({
    event: 'error',
    error: 'producer_lost',
    retryable: true,
    delivered: [...text].length,
  });
}

/** One owner has all of them, and dies when each client has 50 chunks; the clients go on at the heir. */
describe('an owner that is killed at chunk 50, with a provider that', () => {
  const asked: Partial<Record<Name, object>> = {
    background: { temperature: 0.5, max_tokens: 2_900 },
    prefix: { max_tokens: 2_900 },
    echo: { max_tokens: 2_900 },
    final: { max_tokens: 2_900 },
    none: {},
    rewritten: {},
    unechoed: {},
    unreadable: {},
  };
  const streams = {} as Record<Name, Both>;
  beforeAll(async () => {
    const names = Object.keys(asked) as Name[];
    // The provider that is to echo says so by the name of its model.
    const modelOf = (name: Name) => (name === 'echo' ? `${MODEL}-echo` : MODEL);
    const firsts = await Promise.all(names.map((name) => start(0, name, asked[name], modelOf(name))));
    const late = await start(0, 'late', {}, 'story-20x0');
    await until('50 chunks of each', () => firsts.every((first) => chunks(first).length >= 50));
    await deployment.kill(0);
    const all = [...firsts, late];
    await Promise.all(all.map(({ over }) => over));
    const seconds = await Promise.all(all.map((first) => goOn(deployment.at(1), first)));
    await Promise.all(seconds.map(({ over }) => over));
    for (const [at, name] of [...names, 'late' as const].entries()) streams[name] = [all[at]!, seconds[at]!];
  });

  it('runs answers in the background: the same run is read again, and the rest follows', () => {
    const { responses, requests } = providers.background;
    const [first, second] = streams.background;
    expectWhole(first, second);
    expect(responses.asked('POST')).toEqual(['/responses']);
    expect(responses.asked('GET')).toEqual(['/responses/resp_1?stream=true']);
    expect(responses.requests[0]?.body).toEqual({
      model: MODEL,
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Tell me a story.' }] }],
      background: true,
      store: true,
      stream: true,
      temperature: 0.5,
      max_output_tokens: 2_900,
    });
    expect(terminal(second)).toMatchObject({ usage: { input_tokens: 7, output_tokens: 600, estimated: false } });
    expect(requests).toEqual([]);
  });

  it.each([
    ['prefix', 'prefix', MODEL, { prefix: true }, {}],
    ['prefix_echo', 'echo', `${MODEL}-echo`, { prefix: true }, {}],
    ['continue_final_message', 'final', MODEL, {}, { continue_final_message: true, add_generation_prompt: false }],
  ] as const)('continues a given text (%s): it is given exactly what was delivered', (_, name, model, mark, flags) => {
    const [first, second] = streams[name];
    expectWhole(first, second);
    const { requests } = providers[name];
    expect(requests).toHaveLength(2);
    const { messages, max_tokens, ...body } = requests.at(-1)?.body ?? {};
    const [question, said, ...more] = messages as { role: string; content: string }[];
    expect(more).toEqual([]);
    expect(question).toEqual({ role: 'user', content: 'Tell me a story.' });
    expect(said).toEqual({ role: 'assistant', content: said?.content, ...mark });
    expect(body).toEqual({ model, stream: true, stream_options: { include_usage: true }, ...flags });
    // What the log had when the owner died: all that the client got, and little more.
    const delivered = 2_900 - Number(max_tokens);
    expect(delivered).toBeGreaterThanOrEqual(50);
    expect(said?.content).toBe(STORY.pieces.slice(0, delivered).join('').trimEnd());
    expect(said?.content.startsWith(first.text().trimEnd())).toBe(true);
    expect(terminal(second)).toMatchObject({ usage: { estimated: true } });
  });

  it('can not go on: one truthful error', () => {
    expectLost(...streams.none);
    expect(providers.none.requests).toHaveLength(1);
  });

  it('says something else when its run is read again: no splice, and the run is cancelled', async () => {
    expectLost(...streams.rewritten);
    const { runs } = providers.rewritten.responses;
    await until('the cancel', () => runs.get('resp_1')?.state === 'cancelled');
  });

  it('echoes another prefix than the one it was given: no splice', () => {
    // This one never echoes, so what comes is not what was delivered.
    expectLost(...streams.unechoed);
  });

  it('no longer streams the run', () => {
    expectLost(...streams.unreadable);
  });

  it('has said nothing before: it is simply asked again, whatever it can', () => {
    const [first, second] = streams.late;
    expect(first.text()).toBe('');
    expect(second.text()).toBe(storyOf('story-20x0')?.text);
    expect(terminal(first, second).event).toBe('complete');
  });
});

describe('an owner that dies as soon as the first text is in the log', () => {
  it('has made its run known before', async () => {
    await deployment.boot(2, { FAULT_POINT: 'after_commit' });
    const first = await start(2, 'faulty', {}, 'story-150x100');
    await first.over;
    expect(first.text()).toBe('');
    const second = await goOn(deployment.at(1), first);
    await second.over;
    expectWhole(first, second, storyOf('story-150x100'));
    const { responses } = providers.faulty;
    expect(responses.asked('POST')).toEqual(['/responses']);
    expect(responses.asked('GET')).toHaveLength(1);
  });
});

/** The owners of one after the other: 1, and those after it. */
describe('owners that leave in order', () => {
  const leave = async (at: number) => {
    deployment.at(at).process.kill('SIGTERM');
    expect(await deployment.at(at).exited).toBe(0);
  };

  it('hand their streams over, and leave the run running for their heirs; beyond three of them too, as only deaths count', async () => {
    const heirs = [2, 3, 4, 5];
    await Promise.all(heirs.map((at) => deployment.boot(at)));
    const once = await start(1, 'orderly');
    const often = [await start(1, 'passing', {}, LONG)];
    await until('text', () => once.text() !== '');
    for (const heir of heirs) {
      const owner = heir - 1;
      const before = often.at(-1) as Followed;
      await until('text of its own', () => saidBy(owner, before) > 2);
      await leave(owner);
      await before.over;
      often.push(await goOn(deployment.at(heir), before));
      if (owner > 1) continue;
      const second = await goOn(deployment.at(heir), once);
      await second.over;
      expectWhole(once, second);
      expect(providers.orderly.responses.asked('POST')).toEqual(['/responses']);
    }
    const last = often.at(-1) as Followed;
    await until('text of the fifth owner', () => last.events.some(({ id }) => id.startsWith('5.')));
    const text = often.map((each) => each.text()).join('');
    expect(storyOf(LONG)?.text.startsWith(text)).toBe(true);
    expect(often.flatMap(({ events }) => events).filter(({ event }) => event === 'error')).toEqual([]);
    await cancel(deployment.at(5), last.threadId);
    await last.over;
  });
});

describe('a stream whose every owner dies', () => {
  it('is taken over three times, and then ends as lost', async () => {
    const heirs = [6, 7, 8, 9];
    await Promise.all(heirs.map((at) => deployment.boot(at)));
    const connections = [await start(5, 'dying', {}, LONG)];
    for (const heir of heirs) {
      const before = connections.at(-1) as Followed;
      // Each owner dies after it has read the run itself.
      await until('text of its own', () => saidBy(heir - 5, before) > 2);
      await deployment.kill(heir - 1);
      await before.over;
      connections.push(await goOn(deployment.at(heir), before));
    }
    await connections.at(-1)?.over;
    expect(terminal(...connections)).toMatchObject({ event: 'error', error: 'producer_lost', retryable: true });
    const { responses } = providers.dying;
    expect(responses.asked('GET')).toHaveLength(3);
    await until('the cancel', () => responses.runs.get('resp_1')?.state === 'cancelled');
    const text = connections.map((each) => each.text()).join('');
    expect(storyOf(LONG)?.text.startsWith(text)).toBe(true);
  });
});
