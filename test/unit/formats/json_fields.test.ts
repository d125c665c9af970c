import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFields, shapeProblemOfBytes } from '../../../src/formats/json_fields.ts';
import { MAX_VALUES, shapeProblem } from '../../../src/formats/json_object.ts';
import { runs } from '../../support/fast_check_runs.ts';

const NAMES = new Set(['model', 'stream', 'n']);

function read(json: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(json);
  const fields = jsonFields(bytes.toString('latin1'), NAMES);
  if (!fields) return undefined;
  const entries = [...fields].map(([name, { start, end }]) => [name, JSON.parse(bytes.toString('utf8', start, end))]);
  return Object.fromEntries(entries);
}

describe('members of a JSON object', () => {
  it('are those that a parser sees, whatever stands around them', () => {
    const body = fc.dictionary(fc.oneof(fc.constantFrom('model', 'stream', 'n'), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const wanted = Object.entries(object).filter(([name]) => NAMES.has(name));
        const json = JSON.stringify(object, null, indent);
        expect(read(json)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(wanted))));
      }),
      { numRuns: runs(500) },
    );
  });

  it('are not those of what is nested, nor of a text', () => {
    expect(read('{"a":{"model":1},"b":[{"model":2}],"c":"\\"model\\":3","model":"m","d":"\\\\"}')).toEqual({
      model: 'm',
    });
  });

  it('are found under a key with escapes', () => expect(read('{"mod\\u0065l":"m"}')).toEqual({ model: 'm' }));

  it.each([
    '',
    '[]',
    '{"model":"m"',
    '{"model"}',
    '{"model":}',
    '{"model":"m"}}',
    '{"model":"a","model":"b"}',
    '{model:1}',
  ])('are none in %s', (json) => expect(read(json)).toBeUndefined());

  it('cost no memory for what is nested deep', () => {
    const deep = `{"model":"m","a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(read(deep)).toEqual({ model: 'm' });
  });
});

describe('the shape of a body', () => {
  const ofText = (json: string) => shapeProblemOfBytes(Buffer.from(json));

  it('is the same before and after it is parsed', () => {
    const list = (values: number) => `[${Array(values).fill('{}').join(' , ')}]`;
    const full = `{"a":"${'[,{'.repeat(9)}\\"]", "b":${list(MAX_VALUES - 2)}}`;
    const tooMany = `{"a":[ ], "b":${list(MAX_VALUES - 1)}}`;
    const nested = (levels: number) => `${'[{"a":'.repeat(levels / 2)}"]"${'}]'.repeat(levels / 2)}`;
    for (const json of [full, tooMany, nested(100), nested(102), '{}', '[[],{}]', '"["']) {
      expect(ofText(json)).toBe(shapeProblem(JSON.parse(json)));
    }
    expect([full, tooMany].map((json) => ofText(json)?.includes('values'))).toEqual([undefined, true]);
    expect([nested(100), nested(102)].map((json) => ofText(json)?.includes('levels'))).toEqual([undefined, true]);
  });

  it('is no matter of what is no JSON', () => {
    for (const text of ['', '"', '"\\', ']]]', ',']) expect(ofText(text)).toBeUndefined();
  });
});
