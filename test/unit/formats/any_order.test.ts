import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { responsesFormat } from '../../../src/formats/responses/responses_format.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { FORMATS, written } from './formats_under_test.ts';
import { partsInAnyOrder } from './parts_in_any_order.ts';
import { dataOf, joined } from './scenarios.ts';

const json = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, [], {}, 'x', -1, 0.5, { message: 'm' }, [{ type: 'text', text: 'x' }]),
);
const field = fc.constantFrom(
  'index',
  'output_index',
  'delta',
  'item',
  'message',
  'content_block',
  'usage',
  'response',
);
const type = fc.constantFrom(
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'error',
  'response.output_text.delta',
  'response.output_item.added',
  'response.output_item.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'response.completed',
  'response.failed',
);
const shape = fc.oneof(
  json,
  fc.record({ choices: json, usage: json, error: fc.option(json, { nil: undefined }) }),
  fc.record({ choices: fc.array(fc.record({ index: json, delta: json, finish_reason: json })) }),
  fc.record({
    choices: fc.array(
      fc.record({
        delta: fc.record({
          content: json,
          tool_calls: json,
          reasoning_details: json,
          annotations: json,
          refusal: json,
        }),
      }),
    ),
  }),
  fc.record({ type, more: fc.dictionary(field, json) }).map(({ type, more }) => ({ ...more, type })),
);
const data = fc.oneof(
  shape.map((value) => JSON.stringify(value) ?? 'undefined'),
  fc.string(),
  fc.constant('[DONE]'),
  fc.constant('{"choices":[{"delta":{"content":1e400}}],"usage":{"prompt_tokens":1e400,"completion_tokens":-1}}'),
);

const isLast = ({ type }: StreamPart) => type === 'finish' || type === 'error';

describe.each(Object.entries(FORMATS))('%s', (_, tested) => {
  const { format, carried } = tested;

  it('gives back the parts that it was given, whatever their order', () => {
    fc.assert(
      fc.property(partsInAnyOrder, (given) => {
        const back = format.reader();
        const read = dataOf(written(tested, given)).flatMap((event) => back.read(event));
        expect(joined(read)).toEqual(joined(given.map(carried)));
      }),
      { numRuns: 100 },
    );
  });

  it('gives a sink what the reader reads, also where it finds the text without parsing', () => {
    fc.assert(
      fc.property(partsInAnyOrder, fc.boolean(), (given, wantsParts) => {
        const events = dataOf(written(tested, given));
        const reader = format.reader();
        const read = events.flatMap((event) => reader.read(event));
        const parser = format.partParser(wantsParts);
        const got: StreamPart[] = [];
        const sink = {
          text: (said: string) => void got.push({ type: 'text', text: said }),
          part: (part: StreamPart) => void got.push(part),
          begun: () => {},
          decode: (bytes: string) => Buffer.from(bytes, 'latin1').toString(),
        };
        const sights = events.map((event) => parser.readParts(Buffer.from(event).toString('latin1'), sink));
        expect(sights.indexOf('end')).toBe(sights.length - 1);
        const isGiven = ({ type }: StreamPart) =>
          type === 'text' || (wantsParts && type !== 'usage' && type !== 'finish');
        expect(got).toEqual(read.filter(isGiven));
        const { finish, usage } = parser.ending();
        expect([
          { type: 'usage', usage },
          { type: 'finish', reason: finish },
        ]).toEqual(read.slice(-2));
      }),
      { numRuns: 100 },
    );
  });

  it('reads any events without an exception, and ends once', () => {
    fc.assert(
      fc.property(fc.array(data, { maxLength: 12 }), (events) => {
        const stream = format.reader();
        const read = [...events.flatMap((event) => stream.read(event)), ...stream.end(), ...stream.read('{}')];
        expect(read.filter(isLast)).toHaveLength(1);
        expect(read.at(-1)).toSatisfy(isLast);
        for (const part of read) if ('text' in part) expect(part.text).toBeTypeOf('string');
        expect(stream.end()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('reads any whole answer without an exception', () => {
    const answer = fc.oneof(
      json,
      fc.record({ content: json, usage: json, stop_reason: json }),
      fc.record({
        content: fc.array(
          fc.record({ type: fc.constantFrom('text', 'tool_use', 'thinking'), text: json, input: json, name: json }),
        ),
      }),
      fc.record({ output: json, status: json, usage: json }),
      fc.record({
        output: fc.array(
          fc.record({
            type: fc.constantFrom('message', 'function_call', 'reasoning'),
            content: json,
            summary: json,
            name: json,
          }),
        ),
      }),
      fc.record({ choices: fc.array(fc.record({ message: json, finish_reason: json })), usage: json }),
    );
    fc.assert(
      fc.property(answer, (body) => {
        const read = format.readAnswer(body);
        expect(read.filter(isLast)).toHaveLength(1);
        expect(read.at(-1)).toSatisfy(isLast);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a custom tool of responses, whose input is text', () => {
  const patch = fc.string({ maxLength: 30, unit: 'grapheme' }).map((said) => `${said}\n"\\\t${said}`);
  const call: StreamPart = { type: 'tool_call', index: 0, id: 'call_1', name: 'apply_patch' };
  const tools = [{ type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 'x' } }];
  const head = { id: '1', created: 1, model: 'm', body: { tools } };
  const written = (pieces: readonly string[]) => {
    const writer = responsesFormat.writer(head);
    const parts = pieces.map((json): StreamPart => ({ type: 'tool_arguments', index: 0, json }));
    return [call, ...parts, { type: 'finish', reason: 'tool_calls' } as const]
      .flatMap((part) => dataOf(writer.write(part)))
      .map((data) => JSON.parse(data));
  };

  it('comes back as the client knows it, piece by piece, however the arguments are cut', () => {
    fc.assert(
      fc.property(patch, fc.array(fc.nat(60), { maxLength: 5 }), (input, cuts) => {
        const json = JSON.stringify({ input });
        const places = [0, ...cuts.toSorted((a, b) => a - b)];
        const events = written(
          places.map((start, at) => json.slice(start, places[at + 1])).filter((each) => each !== ''),
        );
        const deltas = events.filter(({ type }) => type === 'response.custom_tool_call_input.delta');
        expect(deltas.map(({ delta }) => delta).join('')).toBe(input);
        const last = { type: 'custom_tool_call', status: 'completed', call_id: 'call_1', name: 'apply_patch', input };
        expect(events.at(-1).response.output).toMatchObject([last]);
        expect(events.find(({ type }) => type === 'response.custom_tool_call_input.done')).toMatchObject({ input });
      }),
      { numRuns: 100 },
    );
  });

  it('keeps what a model wrote instead of the one argument', () => {
    expect(written(['{"patch":', '"x"}']).at(-1).response.output).toMatchObject([{ input: '{"patch":"x"}' }]);
  });
});
