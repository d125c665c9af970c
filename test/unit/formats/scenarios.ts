import { WeirError } from '../../../src/formats/error_code.ts';
import type { StreamPart } from '../../../src/formats/stream_part.ts';

const text = (piece: string): StreamPart => ({ type: 'text', text: piece });
const finish = (reason: (StreamPart & { type: 'finish' })['reason']): StreamPart => ({ type: 'finish', reason });

/** Answers as parts: what each format has to carry. */
export const SCENARIOS: Record<string, readonly StreamPart[]> = {
  text: [
    text('Grüße, '),
    text('流れる\n水 '),
    text('👨‍👩‍👧‍👦'),
    { type: 'usage', usage: { input: 7, output: 9 } },
    finish('stop'),
  ],
  empty: [{ type: 'usage', usage: { input: 3, output: 0 } }, finish('stop')],
  reasoning: [
    { type: 'reasoning', text: 'First ' },
    { type: 'reasoning', text: 'I think.' },
    { type: 'reasoning_seal', seal: { kind: 'signature', data: 'c2lnbmF0dXJl' } },
    { type: 'reasoning_seal', seal: { kind: 'redacted', data: 'aGlkZGVu' } },
    text('Then I say.'),
    { type: 'usage', usage: { input: 20, output: 40, reasoning: 30 } },
    finish('stop'),
  ],
  encrypted_reasoning: [
    { type: 'reasoning', text: 'A summary.' },
    { type: 'reasoning_seal', seal: { kind: 'encrypted', data: 'Z0FBQUFB', id: 'rs_1' } },
    { type: 'tool_call', index: 0, id: 'call_a', name: 'look_up' },
    { type: 'tool_arguments', index: 0, json: '{"q":"weir"}' },
    { type: 'usage', usage: { input: 5, output: 6 } },
    finish('tool_calls'),
  ],
  parallel_tools: [
    text('I look it up.'),
    { type: 'tool_call', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool_call', index: 1, id: 'call_b', name: 'time' },
    { type: 'tool_arguments', index: 0, json: '{"city":' },
    { type: 'tool_arguments', index: 1, json: '{"zone":"Europe/' },
    { type: 'tool_arguments', index: 0, json: '"Köln"}' },
    { type: 'tool_arguments', index: 1, json: 'Berlin"}' },
    { type: 'usage', usage: { input: 50, output: 25 } },
    finish('tool_calls'),
  ],
  text_between_tools: [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool_arguments', index: 0, json: '{}' },
    text('And also:'),
    { type: 'tool_call', index: 1, id: 'call_b', name: 'time' },
    { type: 'tool_arguments', index: 1, json: '{"zone":"UTC"}' },
    { type: 'usage', usage: { input: 1, output: 2 } },
    finish('tool_calls'),
  ],
  only_tools: [
    { type: 'tool_call', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool_arguments', index: 0, json: '{"city":' },
    { type: 'tool_arguments', index: 0, json: '"Köln"}' },
    { type: 'tool_call', index: 1, id: 'call_b', name: 'now' },
    { type: 'tool_arguments', index: 1, json: '{}' },
    { type: 'usage', usage: { input: 9, output: 8 } },
    finish('tool_calls'),
  ],
  reasoning_after_text: [
    { type: 'reasoning', text: 'I think.' },
    { type: 'reasoning_seal', seal: { kind: 'signature', data: 'b25l' } },
    text('I say.'),
    { type: 'reasoning', text: 'I think again.' },
    { type: 'reasoning_seal', seal: { kind: 'signature', data: 'dHdv' } },
    text('I say more.'),
    { type: 'usage', usage: { input: 20, output: 40, cachedInput: 10, cacheWrite: 5, reasoning: 30 } },
    finish('stop'),
  ],
  refusal: [
    { type: 'refusal', text: 'I can’t ' },
    { type: 'refusal', text: 'help with that.' },
    { type: 'usage', usage: { input: 4, output: 6 } },
    finish('refusal'),
  ],
  citations: [
    text('It is so.'),
    { type: 'citation', citation: { url: 'https://example.com/a', title: 'A', start: 0, end: 9 } },
    { type: 'usage', usage: { input: 4, output: 6 } },
    finish('stop'),
  ],
  cached: [
    text('Quick.'),
    { type: 'usage', usage: { input: 1000, output: 2, cachedInput: 900, cacheWrite: 50 } },
    finish('stop'),
  ],
  length: [text('Cut'), { type: 'usage', usage: { input: 1, output: 1 } }, finish('length')],
  filtered: [text('No'), { type: 'usage', usage: { input: 1, output: 1 } }, finish('content_filter')],
  stop_sequence: [
    text('One'),
    { type: 'usage', usage: { input: 1, output: 1 } },
    { type: 'finish', reason: 'stop_sequence', sequence: 'END' },
  ],
  error: [text('Half an '), { type: 'error', error: new WeirError('upstream_truncated') }],
};

/** Pieces of one text, one thought, or one call's arguments, put together: how they were cut does not count. */
export function joined(parts: readonly StreamPart[]): StreamPart[] {
  const all: StreamPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.type === 'tool_arguments') {
      const same = all.find((other) => other.type === 'tool_arguments' && other.index === part.index);
      if (same?.type === 'tool_arguments') same.json += part.json;
      else all.push({ ...part });
    } else if (
      (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') &&
      last?.type === part.type
    ) {
      last.text += part.text;
    } else all.push({ ...part });
  }
  return all;
}

/** The data of each event. */
export function dataOf(events: string): string[] {
  return events.split('\n\n').flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
}
