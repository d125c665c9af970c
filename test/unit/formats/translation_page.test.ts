import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { FinishReason } from '../../../src/formats/stream_part.ts';
import { FORMATS, formatOf, written } from './formats_under_test.ts';
import { dataOf } from './scenarios.ts';

const page = readFileSync(new URL('../../../docs/translation.md', import.meta.url), 'utf8');
const table = page.slice(page.indexOf('| means |')).split('\n\n')[0] as string;
const rows = table
  .split('\n')
  .slice(2)
  .map((line) => [...line.matchAll(/`(\w+)`/g)].map(([, word]) => word as string));

/** The word in which a format's stream says that reason. */
function word(name: string, reason: FinishReason): string {
  const events = dataOf(written(formatOf(name), [{ type: 'finish', reason }])).filter((data) => data !== '[DONE]');
  const found = events
    .map((data) => JSON.parse(data))
    .flatMap(({ choices, delta, response }) => [
      choices?.[0]?.finish_reason ?? delta?.stop_reason ?? response?.incomplete_details?.reason ?? response?.status,
    ]);
  return found.filter((value) => typeof value === 'string').at(-1) as string;
}

it('the page has every reason', () => {
  const reasons: Record<FinishReason, true> = {
    ...{ stop: true, stop_sequence: true, length: true, tool_calls: true },
    ...{ content_filter: true, refusal: true, pause: true, other: true },
  };
  expect(rows.map(([reason]) => reason)).toEqual(Object.keys(reasons));
});

it.each(rows)('the page says in which words a stream ends with %s', (reason, ...words) => {
  const names = Object.keys(FORMATS);
  expect(names.map((name) => word(name, reason as FinishReason))).toEqual(words);
  // A word that stands for several reasons is read as the first of them.
  for (const [at, name] of names.entries()) {
    const first = rows.find((row) => row[at + 1] === words[at])?.[0];
    const read = formatOf(name).format.finishOf(words[at]);
    expect(read === first || (name === 'messages' && read === 'refusal')).toBe(true);
  }
});
