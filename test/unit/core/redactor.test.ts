import { expect, it } from 'vitest';
import { redactor } from '../../../src/core/upstream/redactor.ts';

const KEY = 'sk-"a/b\\c<é';
const bytes = (text: string) => Buffer.from(text).toString('latin1');

it.each([
  ['as it is', KEY],
  ['as bytes', bytes(KEY)],
  ['in JSON', JSON.stringify(KEY).slice(1, -1)],
  ['in JSON of PHP', 'sk-\\"a\\/b\\\\c<\\u00e9'],
  ['in JSON of Go', 'sk-\\"a/b\\\\c\\u003c\\u00E9'],
  ['in JSON inside of JSON', JSON.stringify(JSON.stringify(KEY).slice(1, -1)).slice(1, -1)],
])('a key %s is cut out', (_, text) => {
  expect(redactor(['another-key', KEY])(`no: ${text}, ${text}.`)).toBe('no: [key], [key].');
});

it('nothing else is changed, and of two keys the longer one goes', () => {
  const redact = redactor(['a.key+1', 'a.key+12']);
  expect(redact('a.key+123 aXkey+1 a.key+1')).toBe('[key]3 aXkey+1 [key]');
  expect(redactor([])('a.key')).toBe('a.key');
});
