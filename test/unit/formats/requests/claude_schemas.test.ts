import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { translated } from './translate.ts';

const messages = (more: JsonObject, to = { model: 'claude-sonnet-4-5-20250929' }) =>
  translated('chat', more, 'messages', to);

it('takes schemas for answers that leave nothing open; rules that it has not become words', () => {
  const schema = {
    type: 'object',
    properties: {
      age: { type: 'integer', minimum: 0, description: 'In years.' },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
      properties: { type: 'string', enum: ['minimum'] },
    },
    $defs: { tag: { type: 'object', properties: {} } },
  };
  const { body } = messages({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });
  expect((body.output_config as { format: JsonObject }).format.schema).toEqual({
    type: 'object',
    properties: {
      age: { type: 'integer', description: 'In years.\n(minimum: 0)' },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, description: '(minItems: 2)' },
      properties: { type: 'string', enum: ['minimum'] },
    },
    $defs: { tag: { type: 'object', properties: {}, additionalProperties: false } },
    additionalProperties: false,
  });
});

describe('a schema for the answer of a Claude that has none', () => {
  const model = 'claude-3-7-sonnet-20250219';
  const schema = { type: 'object', description: 'A city.', properties: { age: { type: 'integer', minimum: 0 } } };
  const asked = (more: JsonObject = {}, output: JsonObject = schema) => {
    const json_schema = { name: 'x', schema: output, strict: true };
    return messages({ response_format: { type: 'json_schema', json_schema }, ...more }, { model });
  };
  const answer = { name: 'weir_json_answer', description: 'A city.', input_schema: schema };
  const tool = { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } };
  const forced = { type: 'tool', name: 'weir_json_answer', disable_parallel_tool_use: true };

  it('is a tool that it has to call, without thinking', () => {
    const { body, dropped, answerTool } = asked({ reasoning_effort: 'high' });
    expect(body).toMatchObject({ tools: [answer], tool_choice: forced });
    expect(body).not.toHaveProperty('thinking');
    expect(body).not.toHaveProperty('output_config');
    expect(dropped.toSorted()).toEqual(['reasoning_effort', 'response_format.strict']);
    expect(answerTool).toBe('weir_json_answer');
  });

  it('stands beside tools of the client that are not to be called', () => {
    const now = { name: 'now', input_schema: { type: 'object', properties: {} } };
    expect(asked({ tools: [tool], tool_choice: 'none' }).body).toMatchObject({
      tools: [now, answer],
      tool_choice: forced,
    });
  });

  it.each<[string, JsonObject, JsonObject?]>([
    ['where the model may call tools of the client', { tools: [tool] }],
    ['beside a tool of that name', { tools: [{ ...tool, function: { name: answer.name } }], tool_choice: 'none' }],
    ['that is no object', {}, { type: 'array', items: schema }],
    ['with a choice at its top', {}, { ...schema, anyOf: [{ required: ['age'] }] }],
  ])('is refused %s', (_, more, output) => {
    expect(() => asked(more, output)).toThrow('"response_format": this model has no schemas for answers');
  });

  it('is no tool where the model has schemas', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    expect(messages({ response_format })).not.toHaveProperty('answerTool');
  });
});
