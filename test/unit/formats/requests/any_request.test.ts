import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../../src/formats/error_code.ts';
import type { GenerationRequest, Message, MessagePart } from '../../../../src/formats/generation_request.ts';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { FORMATS, LEAST, MODELS, NAMES } from './translate.ts';

const text = fc.string({ minLength: 1, maxLength: 12 });
const id = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
const json = fc.dictionary(id, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }).map((value) => JSON.stringify(value));
const at = fc.constant('messages.0.content.0');
const image = fc.record({
  type: fc.constant('image' as const),
  at,
  url: fc.constantFrom('https://a.test/b', 'data:image/png;base64,aGk='),
});
const spoken = fc.oneof(
  text.map((said): MessagePart => ({ type: 'text', text: said })),
  image,
  text.map((said): MessagePart => ({ type: 'file', at: 'x', text: said })),
  fc.constant<MessagePart>({ type: 'file', at: 'x', url: 'data:application/pdf;base64,aGk=', name: 'a.pdf' }),
);
const thought = fc.oneof(
  text.map((said): MessagePart => ({ type: 'reasoning', text: said })),
  fc
    .record({ kind: fc.constantFrom('signature' as const, 'redacted' as const, 'encrypted' as const), data: id })
    .map((seal): MessagePart => ({ type: 'reasoning_seal', seal })),
);
const call = fc.record({ id, name: id, json }).map((made): MessagePart => ({ type: 'tool_call', ...made }));
const result = fc
  .record({ id, parts: fc.array(spoken, { maxLength: 2 }), failed: fc.boolean() })
  .map((made): MessagePart => ({ type: 'tool_result', ...made }));

const message = fc.oneof(
  text.map((said): Message => ({ role: 'system', parts: [{ type: 'text', text: said }] })),
  fc.array(spoken, { minLength: 1, maxLength: 3 }).map((parts): Message => ({ role: 'user', parts })),
  fc
    .array(
      fc.oneof(
        text.map((said): MessagePart => ({ type: 'text', text: said })),
        thought,
        call,
      ),
      { maxLength: 4 },
    )
    .map((parts): Message => ({ role: 'assistant', parts })),
  fc.array(result, { minLength: 1, maxLength: 2 }).map((parts): Message => ({ role: 'tool', parts })),
);
/** What the assistant says in several messages on end is one in some formats. */
function joined(messages: readonly Message[]): Message[] {
  const all: Message[] = [];
  for (const each of messages) {
    const last = all.at(-1);
    if (last?.role === 'assistant' && each.role === 'assistant') last.parts = [...last.parts, ...each.parts];
    else all.push({ ...each });
  }
  return all;
}
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const schema = { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } };

/** Requests that every format can write. */
const request: fc.Arbitrary<GenerationRequest> = fc.record({
  model: fc.constant('m'),
  stream: fc.boolean(),
  messages: fc.array(message, { minLength: 1, maxLength: 6 }).map(joined),
  tools: fc.uniqueArray(id, { maxLength: 3 }).map((names) => names.map((name) => ({ name, parameters: schema }))),
  toolChoice: maybe(fc.constantFrom('auto', 'none', 'required' as const)),
  parallelToolCalls: maybe(fc.boolean()),
  maxTokens: maybe(fc.integer({ min: 1, max: 100_000 })),
  temperature: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
  topP: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
  topK: maybe(fc.integer({ min: 1, max: 100 })),
  stop: fc.constant(undefined),
  seed: maybe(fc.nat()),
  reasoning: maybe(
    fc.record(
      {
        effort: fc.constantFrom('none', 'minimal', 'low', 'high', 'max'),
        budgetTokens: fc.nat(50_000),
        summary: fc.constant('auto'),
      },
      { requiredKeys: ['summary'] },
    ),
  ),
  output: maybe(
    fc.constantFrom<NonNullable<GenerationRequest['output']>>(
      { type: 'json' },
      { type: 'schema', name: 'answer', schema, strict: true },
    ),
  ),
  verbosity: maybe(fc.constantFrom('low', 'high')),
  user: maybe(id),
  metadata: maybe(fc.constant({ a: 'b' })),
  promptCacheKey: maybe(id),
  serviceTier: maybe(fc.constantFrom('default', 'flex')),
  names: fc.constant({}),
  unread: fc.constant([]),
  ignored: fc.constant([]),
});

const MODELS_OF = {
  ...MODELS,
  others: { chat: ['llama', 'v/claude-opus-4-7'], responses: ['gpt-4o'], messages: ['claude-opus-5', 'kimi'] },
};

describe.each(NAMES)('%s', (name) => {
  const format = FORMATS[name];

  it.each([MODELS[name], ...MODELS_OF.others[name]])('reads what it writes for %s', (model) => {
    fc.assert(
      fc.property(request, (asked) => {
        const to = { provider: 'p', model, stream: asked.stream };
        const before = structuredClone(asked);
        const { body } = format.writeRequest(asked, to);
        // It may be written again, for the next target of a route.
        expect(asked).toEqual(before);
        const again = format.writeRequest(format.readRequest(JSON.parse(JSON.stringify(body))), to);
        expect(again.body).toEqual(body);
      }),
      { numRuns: 150 },
    );
  });

  it('reads any body without an exception of another kind, and so do those that write it', () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(null, [], {}, 'x', -1, [{ type: 'text' }], [{ role: 'user' }]),
    );
    const known = Object.keys({ ...LEAST[name], ...FIELDS });
    const body = fc
      .dictionary(fc.constantFrom(...known), odd, { maxKeys: 4 })
      .map((more): unknown => ({ ...LEAST[name], ...more }));
    const parts = fc
      .array(fc.dictionary(fc.constantFrom(...MEMBERS), odd, { maxKeys: 6 }), { minLength: 1, maxLength: 3 })
      .map((entries) => ({ ...LEAST[name], [name === 'responses' ? 'input' : 'messages']: entries }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), body, parts), (asked) => {
        const read = attempt(() => format.readRequest(asked));
        if (!read) return;
        for (const to of NAMES) {
          const written = attempt(() =>
            FORMATS[to].writeRequest(read, { provider: 'p', model: MODELS[to], stream: true }),
          );
          if (written) JSON.stringify(written.body);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a body that is nested too deep or holds too many values, and reads a long one', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
    expect(() => format.readRequest({ ...LEAST[name], metadata: deep })).toThrow('nested deeper than 100 levels');
    const many = { ...LEAST[name], metadata: { values: Array(300_000).fill({}) } };
    expect(() => format.readRequest(many)).toThrow('more than 250000 values');
    const long = 'x'.repeat(32 * 1024 * 1024);
    const field = name === 'responses' ? { input: long } : { messages: [{ role: 'user', content: long }] };
    expect(format.readRequest({ ...LEAST[name], ...field }).messages[0]?.parts).toEqual([{ type: 'text', text: long }]);
  });
});

it('names every bad field, and of the entries of a list the first that is bad', () => {
  const calls = Array(5000).fill({
    role: 'assistant',
    tool_calls: [{ id: 'a', function: { name: 'f', arguments: '' } }, 1],
  });
  expect(() => FORMATS.chat.readRequest({ model: 1, messages: calls })).toThrow(
    'Not valid: model, messages.0.tool_calls.1;',
  );
});

const FIELDS: JsonObject = {
  tools: 0,
  tool_choice: 0,
  system: 0,
  instructions: 0,
  thinking: 0,
  reasoning: 0,
  output_config: 0,
  text: 0,
  response_format: 0,
  stop: 0,
  metadata: 0,
  include: 0,
};
const MEMBERS = [
  'role',
  'type',
  'content',
  'tool_calls',
  'tool_call_id',
  'call_id',
  'output',
  'summary',
  'reasoning_details',
];

/** @returns undefined where it was refused as bad input is */
function attempt<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof WeirError && ['validation_error', 'not_supported'].includes(thrown.code)) return undefined;
    throw thrown;
  }
}
