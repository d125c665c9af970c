import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { type FormatName, NAMES, translated } from './translate.ts';

const closed = (properties: JsonObject, more: JsonObject = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const text = { type: 'string' };

/** The only tool that is written, as its format has it. */
function toolIn(to: FormatName, input_schema: JsonObject, more: JsonObject = {}) {
  const { body, dropped } = translated('messages', { tools: [{ name: 'f', input_schema, ...more }] }, to);
  const [tool] = body.tools as [JsonObject];
  const { parameters, input_schema: schema, strict } = (tool.function ?? tool) as JsonObject;
  return { schema: parameters ?? schema, strict, dropped };
}

describe('the schema of a tool', () => {
  it.each(NAMES)('has properties in %s', (to) => {
    expect(toolIn(to, { type: 'object' }).schema).toEqual({ type: 'object', properties: {} });
  });

  it.each(NAMES)('has no choice at its top in %s: it is said in words', (to) => {
    const schema = { type: 'object', properties: { a: text }, anyOf: [{ required: ['a'] }], description: 'Args.' };
    expect(toolIn(to, schema)).toMatchObject({
      schema: { type: 'object', properties: { a: text }, description: 'Args.\n(anyOf: [{"required":["a"]}])' },
      dropped: ['tools.anyOf'],
    });
  });
});

/** [schema, whether OpenAI can hold a model to it] */
const STRICT: [JsonObject, boolean][] = [
  [closed({ a: text, b: closed({}) }), true],
  [closed({ a: { type: 'array', items: { $ref: '#/$defs/x' } } }, { $defs: { x: closed({ c: text }) } }), true],
  [closed({ a: { anyOf: [text, { type: 'null' }] } }), true],
  [closed({ a: text, b: text }, { required: ['a'] }), false],
  [{ type: 'object', properties: { a: text }, required: ['a'] }, false],
  [closed({ a: { type: 'array', items: { type: 'object', properties: {} } } }), false],
  [closed({ a: { oneOf: [text] } }), false],
  [closed({ a: {} }), false],
  [closed({}, { $defs: { x: { type: ['object', 'null'] } } }), false],
];

describe.each(['chat', 'responses'] as const)('what Anthropic is strict about is so in %s', (to) => {
  it.each(STRICT)('where OpenAI takes the schema: %j', (schema, isStrict) => {
    expect(toolIn(to, schema, { strict: true })).toMatchObject({
      strict: isStrict,
      dropped: isStrict ? [] : ['tools.strict'],
    });
    const { body, dropped } = translated(
      'messages',
      { output_config: { format: { type: 'json_schema', schema } } },
      to,
    );
    expect(JSON.stringify(body.response_format ?? body.text)).toContain(`"strict":${isStrict}`);
    expect(dropped).toEqual(isStrict ? [] : ['output_config.format.strict']);
  });
});

describe('the schema of an answer of Anthropic', () => {
  const answer = (schema: JsonObject) => {
    const format = { type: 'json_schema', json_schema: { name: 'n', schema } };
    const { body } = translated('chat', { response_format: format }, 'messages');
    return (body.output_config as { format: JsonObject }).format.schema;
  };

  it('has one kind of choice, and says in words what it has no form for', () => {
    const schema = closed(
      { a: { oneOf: [text, { type: 'null' }] }, b: { type: 'array', items: text, prefixItems: [text] } },
      { minProperties: 1, not: { required: ['c'] } },
    );
    expect(answer(schema)).toEqual(
      closed(
        {
          a: { anyOf: [text, { type: 'null' }] },
          b: { type: 'array', items: text, description: '(prefixItems: [{"type":"string"}])' },
        },
        { description: '(minProperties: 1, not: {"required":["c"]})' },
      ),
    );
  });

  it.each([
    { type: 'object', additionalProperties: text },
    { type: ['object', 'null'] },
    { type: 'object', properties: {}, patternProperties: { '^x': text } },
  ])('names the members of its objects: %j is refused', (map) => {
    expect(() => answer(closed({ a: { anyOf: [map] } }))).toThrow(
      '"response_format": this provider fills only members that a schema names',
    );
  });
});
