import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { translated } from './translate.ts';

const OLD = { model: 'claude-sonnet-4-5-20250929' };
const NEW = { model: 'claude-opus-4-7' };
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
const messages = (more: JsonObject, to = OLD) => translated('chat', more, 'messages', to);
const said = (...all: [string, string][]) => ({ messages: all.map(([role, content]) => ({ role, content })) });
const types = (body: JsonObject) =>
  (body.messages as { role: string; content: JsonObject[] }[]).map(({ role, content }) => [
    role,
    ...content.map(({ type }) => type),
  ]);

describe('thinking', () => {
  /** [what is asked, model, thinking, effort, what is dropped] */
  const CASES: [JsonObject, { model: string }, unknown, unknown, string[]][] = [
    [{}, OLD, undefined, undefined, []],
    [{ reasoning_effort: 'none' }, OLD, undefined, undefined, []],
    [{ reasoning_effort: 'none' }, { model: 'kimi-k3' }, { type: 'disabled' }, undefined, []],
    [{ reasoning_effort: 'medium', max_tokens: 10_000 }, OLD, { type: 'enabled', budget_tokens: 5000 }, undefined, []],
    [{ reasoning_effort: 'minimal', max_tokens: 5000 }, OLD, { type: 'enabled', budget_tokens: 1024 }, undefined, []],
    [
      { reasoning: { max_tokens: 9000 }, max_tokens: 4000 },
      OLD,
      { type: 'enabled', budget_tokens: 3999 },
      undefined,
      [],
    ],
    [{ reasoning_effort: 'low', max_tokens: 1000 }, OLD, undefined, undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'minimal' }, NEW, { type: 'adaptive', display: 'summarized' }, 'low', []],
    [{ reasoning_effort: 'xhigh' }, NEW, { type: 'adaptive', display: 'summarized' }, 'xhigh', []],
    [
      { reasoning_effort: 'xhigh' },
      { model: 'claude-sonnet-4-6' },
      { type: 'adaptive', display: 'summarized' },
      'high',
      [],
    ],
    [{ reasoning: { max_tokens: 9000, exclude: true } }, NEW, { type: 'adaptive', display: 'omitted' }, 'medium', []],
    [
      { thinking: { type: 'enabled' } },
      { model: 'claude-sonnet-5' },
      { type: 'adaptive', display: 'summarized' },
      undefined,
      [],
    ],
    // A forced tool and thinking exclude each other; the tool is worth more.
    [
      { reasoning_effort: 'low', tools: [tool], tool_choice: 'required' },
      OLD,
      undefined,
      undefined,
      ['reasoning_effort'],
    ],
    [{ reasoning_effort: 'low', tools: [tool], tool_choice: 'required' }, NEW, undefined, 'low', ['reasoning_effort']],
  ];
  it.each(CASES)('%j for %j', (more, to, thinking, effort, dropped) => {
    const written = messages(more, to);
    expect(written.body.thinking).toEqual(thinking);
    expect((written.body.output_config as JsonObject | undefined)?.effort).toEqual(effort);
    expect(written.dropped).toEqual(dropped);
  });

  const forced = { tools: [tool], tool_choice: 'required' };
  /** [what is asked, model, thinking, what is dropped]: models that think by themselves */
  const THINKERS: [JsonObject, string, unknown, string[]][] = [
    [{}, 'claude-opus-5', undefined, []],
    [{ reasoning_effort: 'none' }, 'claude-opus-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'anthropic/claude-sonnet-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'claude-haiku-5-5', { type: 'disabled' }, []],
    [{ reasoning_effort: 'none' }, 'claude-sonnet-5-5', { type: 'between_tools' }, []],
    [{ reasoning_effort: 'none' }, 'claude-opus-5-5', undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'none' }, 'claude-fable-5', undefined, ['reasoning_effort']],
    [{ reasoning_effort: 'none' }, 'claude-opus-4-8', undefined, []],
    [forced, 'claude-opus-5', { type: 'disabled' }, []],
    [forced, 'claude-opus-4-8', undefined, []],
    [{ ...forced, reasoning_effort: 'max' }, 'claude-sonnet-5', { type: 'disabled' }, ['reasoning_effort']],
    [{ ...forced, reasoning_effort: 'none' }, 'claude-sonnet-5', { type: 'disabled' }, []],
  ];
  it.each(THINKERS)('%j for %s', (more, model, thinking, dropped) => {
    const written = messages(more, { model });
    expect(written.body.thinking).toEqual(thinking);
    expect(written.body.output_config).toBeUndefined();
    expect(written.dropped).toEqual(dropped);
  });

  it.each(['claude-fable-5-1', 'claude-opus-5-5', 'claude-sonnet-5-5'])('of %s allows no forced tool', (model) => {
    expect(() => messages(forced, { model })).toThrow('"tool_choice": this model always thinks');
  });

  it('with a budget needs thinking in a last turn of the assistant', () => {
    const more = { reasoning_effort: 'high', ...said(['user', 'a'], ['assistant', '{"']) };
    expect(messages(more)).toMatchObject({ dropped: ['reasoning_effort'] });
    expect(messages(more).body.thinking).toBeUndefined();
    expect(messages(more, NEW)).toMatchObject({ dropped: [], body: { thinking: { type: 'adaptive' } } });
  });

  const loop = (assistant: JsonObject) => ({
    reasoning_effort: 'high',
    tools: [tool],
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null, tool_calls: [call], ...assistant },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ],
  });
  const sealed = { reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: 's' }] };

  it('with a budget is left out in a tool loop whose thinking the client has lost', () => {
    const lost = messages(loop({ reasoning_content: 'Hm.' }));
    expect(lost.body.thinking).toBeUndefined();
    expect(lost.dropped).toEqual(['reasoning_effort']);
    expect(types(lost.body)).toEqual([
      ['user', 'text'],
      ['assistant', 'tool_use'],
      ['user', 'tool_result'],
    ]);
    const kept = messages(loop(sealed));
    expect(kept.body.thinking).toMatchObject({ type: 'enabled' });
    expect(kept.dropped).toEqual([]);
    expect(types(kept.body)[1]).toEqual(['assistant', 'thinking', 'tool_use']);
  });

  it('of a model that decides itself needs none of that', () => {
    expect(messages(loop({}), NEW).body.thinking).toMatchObject({ type: 'adaptive' });
  });
});

describe('sampling', () => {
  /** [what is asked, model, what is written, what is dropped] */
  const CASES: [JsonObject, { model: string }, JsonObject, string[]][] = [
    [{ temperature: 0.2, top_k: 5 }, OLD, { temperature: 0.2, top_k: 5 }, []],
    [{ temperature: 0.2, top_p: 0.5 }, OLD, { temperature: 0.2 }, ['top_p']],
    [{ temperature: 0.2, top_p: 0.5 }, { model: 'claude-3-7-sonnet-20250219' }, { temperature: 0.2, top_p: 0.5 }, []],
    [{ temperature: 1, top_p: 1 }, NEW, {}, []],
    [{ temperature: 0.2, top_p: 0.5, top_k: 5 }, NEW, {}, ['temperature', 'top_p', 'top_k']],
    [{ temperature: 0.2, reasoning_effort: 'low' }, OLD, {}, ['temperature']],
  ];
  it.each(CASES)('%j for %j', (more, to, expected, dropped) => {
    const written = messages(more, to);
    const { temperature, top_p, top_k } = written.body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected);
    expect(written.dropped).toEqual(dropped);
  });
});
