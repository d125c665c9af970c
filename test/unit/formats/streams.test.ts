import { describe, expect, it } from 'vitest';
import type { StreamPart } from '../../../src/formats/stream_part.ts';
import { FORMATS, formatOf, written, writtenWhole } from './formats_under_test.ts';
import { dataOf, joined, SCENARIOS } from './scenarios.ts';

const cells = Object.keys(FORMATS).flatMap((name) =>
  Object.keys(SCENARIOS).map((scenario) => [name, scenario] as const),
);
const partsOf = (scenario: string) => SCENARIOS[scenario] as readonly StreamPart[];
const eventsOf = (name: string, scenario: string) => written(formatOf(name), partsOf(scenario));

describe('the parts of an answer', () => {
  it.each(cells)('as a stream of %s: %s has the events of its golden file, every time', async (name, scenario) => {
    const events = eventsOf(name, scenario);
    expect(eventsOf(name, scenario)).toBe(events);
    await expect(events).toMatchFileSnapshot(`golden/${name}/${scenario}.sse`);
  });

  it.each(cells)('through a stream of %s and back: %s is the same', (name, scenario) => {
    const { format, carried } = formatOf(name);
    const stream = format.reader();
    const read = dataOf(eventsOf(name, scenario)).flatMap((data) => stream.read(data));
    expect(stream.end()).toEqual([]);
    const parts = partsOf(scenario).map(carried);
    if (scenario !== 'error') return expect(joined(read)).toEqual(joined(parts));
    // Which error it was is the provider's word for it, and that is not ours.
    expect(read.slice(0, -1)).toEqual(parts.slice(0, -1));
    expect(read.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_error' } });
  });

  const whole = cells.filter(([, scenario]) => scenario !== 'error');
  it.each(whole)('whole in %s: %s is the sum of its stream', async (name, scenario) => {
    const { format, carried } = formatOf(name);
    const body = writtenWhole(formatOf(name), partsOf(scenario));
    const read = format.readAnswer(JSON.parse(JSON.stringify(body)));
    expect(sorted(read)).toEqual(sorted(partsOf(scenario).map(carried)));
    await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}/${scenario}.json`);
  });
});

/** A whole answer keeps the kinds of parts apart: their order between each other does not count. */
function sorted(parts: readonly StreamPart[]): StreamPart[] {
  return joined(joined(parts).toSorted((a, b) => (key(a) < key(b) ? -1 : 1)));
}

function key(part: StreamPart): string {
  return `${part.type}${'index' in part ? part.index : ''}${'seal' in part ? part.seal.data : ''}`;
}
