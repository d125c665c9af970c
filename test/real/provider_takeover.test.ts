import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Story, storyOf } from '../support/mock_story.ts';
import {
  cancel,
  type Followed,
  goOn,
  startPair,
  startStory,
  type TakeoverPair,
  terminal,
} from '../support/takeover_pair.ts';
import { until } from '../support/until.ts';

const MODEL = 'story-150x100';
const STORY = storyOf(MODEL) as Story;
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** Kills the owner once the client has 50 chunks, and lets the client go on at the heir, to the end. */
async function survive({ owner, heir }: TakeoverPair, model = MODEL, body = {}): Promise<[Followed, Followed]> {
  const first = await startStory(owner, model, body);
  await until('50 chunks', () => first.events.filter(({ event }) => event === 'chunk').length >= 50);
  owner.process.kill('SIGKILL');
  await first.over;
  const second = await goOn(heir, first);
  await second.over;
  return [first, second];
}

function expectWhole(first: Followed, second: Followed): void {
  expect(first.text() + second.text()).toBe(STORY.text);
  expect(second.events.find(({ id }) => id.startsWith('2.'))).toBeDefined();
  expect(terminal(first, second)).toMatchObject({
    event: 'complete',
    finish_reason: 'stop',
    total_length: [...STORY.text].length,
    sha256: sha256(STORY.text),
  });
}

/** Of code points, that the client holds of an answer which could not go on. */
function expectLost(first: Followed, second: Followed, whole = STORY.text): void {
  const text = first.text() + second.text();
  expect(whole.startsWith(text)).toBe(true);
  expect(terminal(first, second)).toMatchObject({
    event: 'error',
    error: 'producer_lost',
    retryable: true,
    delivered: [...text].length,
  });
}

// Each test has instances of its own; four at a time leave the machine room.
describe.concurrent('an owner that is killed at chunk 50 of 150, with a provider that', () => {
  it('runs answers in the background: the same run is read again, and the rest follows', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' });
    const { responses, requests } = pair.provider;
    const [first, second] = await survive(pair, MODEL, { temperature: 0.5, max_tokens: 900 });
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
      max_output_tokens: 900,
    });
    expect(terminal(second)).toMatchObject({ usage: { input_tokens: 7, output_tokens: 150, estimated: false } });
    expect(requests).toEqual([]);
  });

  it.each([
    ['prefix', MODEL, { prefix: true }, {}],
    ['prefix_echo', `${MODEL}-echo`, { prefix: true }, {}],
    ['continue_final_message', MODEL, {}, { continue_final_message: true, add_generation_prompt: false }],
  ])('continues a given text (%s): it is given exactly what was delivered', async (kind, model, mark, flags) => {
    await using pair = await startPair({ OPENAI_CONTINUATION: kind });
    const [first, second] = await survive(pair, model, { max_tokens: 900 });
    expectWhole(first, second);
    const { requests } = pair.provider;
    expect(requests).toHaveLength(2);
    const { messages, max_tokens, ...body } = requests.at(-1)?.body ?? {};
    const [asked, said, ...more] = messages as { role: string; content: string }[];
    expect(more).toEqual([]);
    expect(asked).toEqual({ role: 'user', content: 'Tell me a story.' });
    expect(said).toEqual({ role: 'assistant', content: said?.content, ...mark });
    expect(body).toEqual({ model, stream: true, stream_options: { include_usage: true }, ...flags });
    // What the log had when the owner died: all that the client got, and little more.
    const delivered = 900 - Number(max_tokens);
    expect(delivered).toBeGreaterThanOrEqual(50);
    expect(said?.content).toBe(STORY.pieces.slice(0, delivered).join('').trimEnd());
    expect(said?.content.startsWith(first.text().trimEnd())).toBe(true);
    expect(terminal(second)).toMatchObject({ usage: { estimated: true } });
  });
});

describe('an owner that', () => {
  it('leaves, and hands its streams over, leaves the run running for its heir', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' }, { DRAIN_SECONDS: '0' });
    const first = await startStory(pair.owner, MODEL);
    await until('text', () => first.text() !== '');
    pair.owner.process.kill('SIGTERM');
    await first.over;
    expect(await pair.owner.exited).toBe(0);
    const second = await goOn(pair.heir, first);
    await second.over;
    expectWhole(first, second);
    expect(pair.provider.responses.asked('POST')).toEqual(['/responses']);
  });

  it('dies as soon as the first text is in the log has made its run known before', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' }, { FAULT_POINT: 'after_commit' });
    const first = await startStory(pair.owner, MODEL);
    await first.over;
    expect(first.text()).toBe('');
    const second = await goOn(pair.heir, first);
    await second.over;
    expectWhole(first, second);
    expect(pair.provider.responses.asked('POST')).toEqual(['/responses']);
    expect(pair.provider.responses.asked('GET')).toHaveLength(1);
  });
});

describe.concurrent('an owner that is killed in mid-answer, with a provider that', () => {
  it('can not go on, as a server of chat and as Claude: one truthful error', async () => {
    await using pair = await startPair({});
    const claude = await startStory(pair.owner, 'mock-10000x100', { provider: 'anthropic' });
    await until('text of Claude', () => claude.text() !== '');
    const [first, second] = await survive(pair);
    expectLost(first, second);
    await claude.over;
    const rest = await goOn(pair.heir, claude);
    await rest.over;
    expect(claude.text()).not.toBe('');
    expectLost(claude, rest, 'word '.repeat(10_000));
    expect(pair.provider.requests).toHaveLength(2);
  });

  it('says something else when its run is read again: no splice, and the run is cancelled', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' });
    const { responses } = pair.provider;
    responses.rewrite = (event) => event.replace('words 20. ', 'other words. ');
    const [first, second] = await survive(pair, 'story-150x50');
    expectLost(first, second);
    await until('the cancel', () => responses.runs.get('resp_1')?.state === 'cancelled');
  });

  it('echoes another prefix than the one it was given: no splice', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'prefix_echo' });
    // This one never echoes, so what comes is not what was delivered.
    const [first, second] = await survive(pair);
    expectLost(first, second);
  });

  it('no longer streams the run', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' });
    pair.provider.responses.streamable = false;
    const [first, second] = await survive(pair);
    expectLost(first, second);
  });
});

describe('an owner that is killed before anything was said', () => {
  it('leaves a stream that is simply asked again, whatever the provider can', async () => {
    await using pair = await startPair({});
    const first = await startStory(pair.owner, 'story-20x4');
    pair.owner.process.kill('SIGKILL');
    await first.over;
    expect(first.text()).toBe('');
    const second = await goOn(pair.heir, first);
    await second.over;
    expect(second.text()).toBe(storyOf('story-20x4')?.text);
    expect(terminal(first, second).event).toBe('complete');
  });
});

describe('a stream whose every owner leaves in order', () => {
  it('goes on beyond three of them: only deaths count', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' });
    const more = await Promise.all(['heir-2', 'heir-3', 'heir-4'].map((name) => pair.start(name)));
    const connections = [await startStory(pair.owner, 'story-1000x20')];
    let owner = pair.owner;
    for (const heir of [pair.heir, ...more]) {
      const before = connections.at(-1) as Followed;
      const heard = before.events.length;
      await until('text', () => before.events.length > heard + 2);
      owner.process.kill('SIGTERM');
      await before.over;
      owner = heir;
      connections.push(await goOn(owner, before));
    }
    const last = connections.at(-1) as Followed;
    await until('text of the fifth owner', () => last.events.some(({ id }) => id.startsWith('5.')));
    const text = connections.map((each) => each.text()).join('');
    expect(storyOf('story-1000x20')?.text.startsWith(text)).toBe(true);
    expect(connections.flatMap(({ events }) => events).filter(({ event }) => event === 'error')).toEqual([]);
    await cancel(owner, last.threadId);
    await last.over;
  });
});

describe('a stream whose every owner dies', () => {
  it('is taken over three times, and then ends as lost', async () => {
    await using pair = await startPair({ OPENAI_CONTINUATION: 'responses' });
    const connections = [await startStory(pair.owner, 'story-1000x20')];
    let owner = pair.owner;
    for (let takeovers = 1; takeovers <= 4; takeovers += 1) {
      const before = connections.at(-1) as Followed;
      // Not what an earlier owner left in the log: each owner dies after it has read the run itself.
      const isOwn = ({ id, event }: { id: string; event: string }) =>
        event === 'chunk' && id.startsWith(`${takeovers}.`);
      await until('text of its own', () => before.events.filter(isOwn).length > 2);
      owner.process.kill('SIGKILL');
      await before.over;
      owner = takeovers === 1 ? pair.heir : await pair.start(`heir-${takeovers}`);
      connections.push(await goOn(owner, before));
    }
    await connections.at(-1)?.over;
    expect(terminal(...connections)).toMatchObject({ event: 'error', error: 'producer_lost', retryable: true });
    const { responses } = pair.provider;
    expect(responses.asked('GET')).toHaveLength(3);
    await until('the cancel', () => responses.runs.get('resp_1')?.state === 'cancelled');
    expect(connections.map((each) => each.text()).join('')).toBe(
      storyOf('story-1000x20')?.text.slice(
        0,
        connections.reduce((sum, each) => sum + each.text().length, 0),
      ),
    );
  });
});
