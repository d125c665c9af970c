import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFields } from '../../../src/formats/json_fields.ts';
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
