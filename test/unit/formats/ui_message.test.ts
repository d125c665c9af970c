import {
  parseJsonEventStream,
  readUIMessageStream,
  type UIMessage,
  type UIMessageChunk,
  uiMessageChunkSchema,
} from 'ai';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../src/formats/error_code.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { uiMessageFormat } from '../../../src/formats/ui_message/ui_message_format.ts';
import { partsInAnyOrder } from './parts_in_any_order.ts';
import { partsOf, RECORDINGS, recording } from './recordings.ts';
import { dataOf, SCENARIOS } from './scenarios.ts';

const HEAD = { id: 'msg_1', created: 0, model: 'm', body: {}, provider: 'p', instance: 'app-1' };

const ANSWERS: Record<string, readonly StreamPart[]> = {
  ...SCENARIOS,
  cut_call: [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool_arguments', index: 0, json: '{"city":"Kö' },
    { type: 'usage', usage: { input: 1, output: 1 } },
    { type: 'finish', reason: 'length' },
  ],
  call_without_arguments: [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'now' },
    { type: 'finish', reason: 'tool_calls' },
  ],
  cancelled: [
    { type: 'text', text: 'Half an ' },
    { type: 'error', error: new WeirError('cancelled') },
  ],
  ...Object.fromEntries(
    Object.entries(RECORDINGS).map(([name, upstream]) => [`recorded_${name}`, partsOf(upstream, [recording(name)])]),
  ),
};

function written(parts: readonly StreamPart[]): string {
  const writer = uiMessageFormat.writer(HEAD);
  return [writer.begin(), ...parts.map((part) => writer.write(part))].join('');
}

function read(events: readonly string[]): StreamPart[] {
  const reader = uiMessageFormat.reader();
  return [...events.flatMap((data) => reader.read(data)), ...reader.end()];
}

/** What is left of a part when the format has carried it. */
function carried(part: StreamPart): StreamPart {
  if (part.type === 'refusal') return { type: 'text', text: part.text };
  if (part.type === 'citation') {
    const { url, title } = part.citation;
    return { type: 'citation', citation: { url, title } };
  }
  if (part.type !== 'finish') return part;
  const word = { stop_sequence: 'stop', pause: 'other', refusal: 'content_filter' } as const;
  return { type: 'finish', reason: part.reason in word ? word[part.reason as keyof typeof word] : part.reason };
}

const resumed = uiMessageFormat.resumedWriter as NonNullable<typeof uiMessageFormat.resumedWriter>;

/** Chunks as the SDK's own transport checks them. */
async function chunksOf(events: string): Promise<UIMessageChunk[]> {
  const stream = new Blob([events]).stream();
  const chunks: UIMessageChunk[] = [];
  for await (const checked of parseJsonEventStream({ stream, schema: uiMessageChunkSchema })) {
    if (!checked.success) throw checked.error;
    chunks.push(checked.value);
  }
  return chunks;
}

/** The message that the SDK makes of a stream, and the errors that it finds in it. */
async function messageOf(parts: readonly StreamPart[]) {
  const errors: unknown[] = [];
  const stream = ReadableStream.from(await chunksOf(written(parts)));
  let message: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream, onError: (error) => errors.push(error) })) message = state;
  return { message, errors };
}

const names = Object.keys(ANSWERS);
const answer = (name: string) => ANSWERS[name] as readonly StreamPart[];

describe('a UI message stream', () => {
  it.each(names)('%s has the events of its golden file', async (name) => {
    await expect(written(answer(name))).toMatchFileSnapshot(`golden/ui_message/${name}.sse`);
  });

  it.each(names)('%s, read and written again, is the same', (name) => {
    const parts = read(dataOf(written(answer(name))));
    if (name === 'error') expect(parts.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_error' } });
    else if (name === 'cancelled') expect(parts.at(-1)).toMatchObject({ type: 'error', error: { code: 'cancelled' } });
    else if (name !== 'call_without_arguments') expect(parts).toEqual(answer(name).map(carried));
    if (name !== 'error') expect(dataOf(written(parts))).toEqual(expect.arrayContaining(dataOf(written(answer(name)))));
  });

  it('is read back part by part, in any order, and its writer goes on where it was cut', () => {
    fc.assert(
      fc.property(partsInAnyOrder, fc.nat(), (parts, place) => {
        const events = dataOf(written(parts));
        expect(read(events)).toEqual(parts.map(carried));
        // Counts come with the end.
        const cut = place % (parts.length - 1);
        const before = dataOf(written(parts.slice(0, cut)));
        const writer = resumed(before, { ...HEAD, id: 'of another instance' });
        const after = dataOf(
          parts
            .slice(cut)
            .map((part) => writer.write(part))
            .join(''),
        );
        expect([...before, ...after]).toEqual(events);
      }),
    );
  });

  it('that has yet to begin, begins as any', () => {
    expect(resumed([], HEAD).begin()).toBe(uiMessageFormat.writer(HEAD).begin());
  });

  it('ended anywhere is what came before and an error', () => {
    fc.assert(
      fc.property(partsInAnyOrder, fc.nat(), (parts, place) => {
        const events = dataOf(written(parts)).slice(0, -2);
        const read_ = read(events.slice(0, place % (events.length + 1)));
        expect(read_.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_truncated' } });
        expect(read_.slice(0, -1)).toEqual(parts.map(carried).slice(0, read_.length - 1));
      }),
    );
  });

  it('is valid for the SDK, whatever order its parts have', async () => {
    await fc.assert(
      fc.asyncProperty(partsInAnyOrder, async (parts) => {
        const { errors, message } = await messageOf(parts);
        expect(errors).toEqual([]);
        const said = parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : []));
        const shown = message?.parts.flatMap((part) => (part.type === 'text' ? part.text : [])) ?? [];
        expect(shown.join('')).toBe(said.join(''));
        // Whatever was opened is closed.
        for (const part of message?.parts ?? []) {
          if (part.type === 'text' || part.type === 'reasoning') expect(part.state).toBe('done');
          if (part.type.startsWith('tool-')) expect(part).not.toMatchObject({ state: 'input-streaming' });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('becomes a message that says who answered, with inputs of tools as objects', async () => {
    const { message, errors } = await messageOf(answer('parallel_tools'));
    expect(errors).toEqual([]);
    expect(message).toMatchObject({
      id: 'msg_1',
      role: 'assistant',
      metadata: {
        provider: 'p',
        model: 'm',
        instance: 'app-1',
        usage: { inputTokens: 50, outputTokens: 25, totalTokens: 75 },
      },
      parts: [
        { type: 'step-start' },
        { type: 'text', text: 'I look it up.' },
        { type: 'tool-weather', toolCallId: 'call_a', state: 'input-available', input: { city: 'Köln' } },
        { type: 'tool-time', toolCallId: 'call_b', state: 'input-available', input: { zone: 'Europe/Berlin' } },
      ],
    });
  });

  it('says of a call that was cut off what the model wrote', async () => {
    const { message } = await messageOf(answer('cut_call'));
    expect(message?.parts[1]).toMatchObject({ type: 'tool-weather', state: 'output-error', input: '{"city":"Kö' });
  });

  it('that fails is an error for the SDK, and one that was stopped is none', async () => {
    const failed = await messageOf(answer('error'));
    expect(failed.errors).toEqual([new Error(new WeirError('upstream_truncated').message)]);
    expect((await messageOf(answer('cancelled'))).errors).toEqual([]);
    expect(written(answer('error'))).not.toContain('[DONE]');
  });
});
