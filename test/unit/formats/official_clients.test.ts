import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { formatOf, written, writtenWhole } from './formats_under_test.ts';
import { partsOf, RECORDINGS, recording } from './recordings.ts';
import { SCENARIOS } from './scenarios.ts';

/** Answers as parts: made up for these tests, and as real providers have sent them. */
const ANSWERS: Record<string, readonly StreamPart[]> = {
  ...SCENARIOS,
  ...Object.fromEntries(
    Object.entries(RECORDINGS).map(([name, upstream]) => [name, partsOf(upstream, [recording(name)])]),
  ),
};

/** Answers every request with the events of one scenario. */
function answering(name: string, scenario: string): () => Promise<Response> {
  const events = written(formatOf(name), ANSWERS[scenario] as readonly StreamPart[]);
  return async () => new Response(events, { headers: { 'content-type': 'text/event-stream' } });
}

const wholeOf = (name: string, scenario: string) =>
  writtenWhole(formatOf(name), ANSWERS[scenario] as readonly StreamPart[]) as never;
const openai = (name: string, scenario: string) =>
  new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: answering(name, scenario) });
const anthropic = (scenario: string) =>
  new Anthropic({ apiKey: 'x', maxRetries: 0, fetch: answering('messages', scenario) });

const scenarios = Object.keys(ANSWERS).filter((scenario) => scenario !== 'error');

describe('the official client puts a stream together to what the whole answer would be', () => {
  it.each(scenarios)('OpenAI, responses: %s', async (scenario) => {
    const stream = openai('responses', scenario).responses.stream({ model: 'm', input: 'hi' });
    const { output, usage, status, incomplete_details } = await stream.finalResponse();
    const whole = wholeOf('responses', scenario) as Record<string, unknown>;
    expect({ usage, status, incomplete_details }).toEqual({
      usage: whole.usage,
      status: whole.status,
      incomplete_details: whole.incomplete_details,
    });
    expect(JSON.parse(JSON.stringify(output))).toMatchObject(whole.output as object[]);
  });

  it.each(scenarios)('Anthropic, messages: %s', async (scenario) => {
    const stream = anthropic(scenario).messages.stream({ model: 'm', max_tokens: 9, messages: [] });
    expect(await stream.finalMessage()).toMatchObject(wholeOf('messages', scenario));
  });

  // The client refuses to parse an answer that was cut off or filtered.
  it.each(scenarios.filter((scenario) => !['length', 'filtered'].includes(scenario)))(
    'OpenAI, chat completions: %s',
    async (scenario) => {
      const stream = openai('chat', scenario).chat.completions.stream({ model: 'm', messages: [] });
      const { choices, usage } = await stream.finalChatCompletion();
      const whole = wholeOf('chat', scenario) as { choices: [{ message: Record<string, unknown> }]; usage: object };
      expect(usage).toEqual(whole.usage);
      const { content, refusal, tool_calls } = whole.choices[0].message;
      expect(choices[0]?.message).toMatchObject({ content: content ?? '', ...(refusal ? { refusal } : {}) });
      expect(choices[0]?.message.tool_calls ?? []).toMatchObject((tool_calls as object[]) ?? []);
    },
  );
});

describe('the official client takes a stream that fails as a failure', () => {
  it('OpenAI, responses', async () => {
    await expect(
      openai('responses', 'error').responses.stream({ model: 'm', input: 'hi' }).finalResponse(),
    ).rejects.toThrow();
  });
  it('Anthropic, messages', async () => {
    const stream = anthropic('error').messages.stream({ model: 'm', max_tokens: 9, messages: [] });
    await expect(stream.finalMessage()).rejects.toThrow(/ended its answer in the middle/);
  });
  it('OpenAI, chat completions', async () => {
    const stream = openai('chat', 'error').chat.completions.stream({ model: 'm', messages: [] });
    await expect(stream.finalChatCompletion()).rejects.toThrow(/ended its answer in the middle/);
  });
});
