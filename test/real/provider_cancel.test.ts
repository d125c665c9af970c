import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancel, goOn, startPair, startStory, type TakeoverPair, terminal } from '../support/takeover_pair.ts';
import { until } from '../support/until.ts';

let pair: TakeoverPair;
beforeAll(async () => {
  pair = await startPair({ OPENAI_CONTINUATION: 'responses', RESUME_GRACE_SECONDS: '3' });
});
afterAll(async () => {
  await pair[Symbol.asyncDispose]();
});

const stateOfLast = () => [...pair.provider.responses.runs.values()].at(-1)?.state;

describe('a run in the background of the provider', () => {
  it('is cancelled by name when its stream is, on whichever instance', async () => {
    const stream = await startStory(pair.owner, 'story-5000x50');
    await until('text', () => stream.text() !== '');
    expect((await cancel(pair.heir, stream.threadId)).status).toBe(202);
    await stream.over;
    expect(terminal(stream)).toMatchObject({ event: 'error', error: 'cancelled' });
    await until('the cancel', () => stateOfLast() === 'cancelled');
  });

  it('is cancelled when its last reader is gone', async () => {
    const leaving = new AbortController();
    await fetch(`${pair.owner.url}/api/v1/stream`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: 'hi', model: 'story-5000x50', resumable: true }),
    });
    leaving.abort();
    await until('the cancel', () => stateOfLast() === 'cancelled');
  });

  it('is cancelled also when the cancellation came before it had a name', async () => {
    const { responses } = pair.provider;
    responses.naming = 3_000;
    const known = responses.runs.size;
    const stream = await startStory(pair.owner, 'story-5000x50');
    expect((await cancel(pair.owner, stream.threadId)).status).toBe(202);
    await stream.over;
    expect(terminal(stream)).toMatchObject({ error: 'cancelled', delivered: 0 });
    expect(responses.runs.size).toBe(known + 1);
    await until('the cancel', () => stateOfLast() === 'cancelled');
    responses.naming = 0;
  });

  it('is made for resumable streams alone: plain ones go by chat completions', async () => {
    const asked = pair.provider.responses.requests.length;
    const stream = await startStory(pair.owner, 'story-20x0', { resumable: false });
    await stream.over;
    expect(terminal(stream).event).toBe('complete');
    expect(pair.provider.responses.requests).toHaveLength(asked);
    expect(pair.provider.requests.at(-1)?.path).toBe('/v1/chat/completions');
  });

  it('whose request does not fit the Responses API goes by chat completions too', async () => {
    const sound = { type: 'input_audio', input_audio: { data: '', format: 'wav' } };
    const messages = [{ role: 'user', content: [sound] }];
    const stream = await startStory(pair.owner, 'story-20x0', { query: undefined, messages });
    await stream.over;
    expect(terminal(stream).event).toBe('complete');
    expect(pair.provider.requests.at(-1)?.body.messages).toEqual(messages);
  });

  it('is cancelled by the instance that took its stream over', async () => {
    const stream = await startStory(pair.owner, 'story-5000x50');
    await until('text', () => stream.text() !== '');
    pair.owner.process.kill('SIGKILL');
    await stream.over;
    expect((await cancel(pair.heir, stream.threadId)).status).toBe(202);
    const again = await goOn(pair.heir, stream);
    await again.over;
    expect(terminal(stream, again)).toMatchObject({ event: 'error', error: 'cancelled' });
    await until('the cancel', () => stateOfLast() === 'cancelled');
  });
});
