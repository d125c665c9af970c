import fc from 'fast-check';
import type { StreamPart } from '../../../src/formats/stream_part.ts';

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter((said) => said.isWellFormed());
const said = fc.oneof(
  text.map((piece): StreamPart => ({ type: 'text', text: piece })),
  text.map((piece): StreamPart => ({ type: 'reasoning', text: piece })),
  text.map((piece): StreamPart => ({ type: 'refusal', text: piece })),
  // OpenAI's encrypted reasoning always has an id.
  fc
    .record({
      kind: fc.constantFrom('signature', 'redacted', 'encrypted' as const),
      data: fc.base64String({ minLength: 4 }),
    })
    .map(
      ({ kind, data }): StreamPart => ({
        type: 'reasoning_seal',
        seal: { kind, data, ...(kind === 'encrypted' ? { id: 'rs:1' } : {}) },
      }),
    ),
);
const usage = fc.record({ input: fc.nat(1e6), output: fc.nat(1e6) });
const reason = fc.constantFrom('stop', 'length', 'content_filter' as const);

/** Parts in any order that a provider may send: calls begin in turn, and their arguments come whenever they come. */
export const partsInAnyOrder = fc
  .record({
    pieces: fc.array(fc.oneof(said, fc.constant('call' as const), fc.tuple(fc.nat(3), text)), { maxLength: 30 }),
    usage,
    reason,
  })
  .map(({ pieces, usage, reason }): StreamPart[] => {
    let calls = 0;
    const all = pieces.flatMap((piece): StreamPart[] => {
      if (piece === 'call') {
        calls += 1;
        // Its first piece at once: a call without arguments has an empty object in some formats.
        const index = calls - 1;
        return [
          { type: 'tool_call', index, id: `call_a${index}`, name: `tool_${index}` },
          { type: 'tool_arguments', index, json: '{' },
        ];
      }
      if (!Array.isArray(piece)) return [piece as StreamPart];
      return piece[0] < calls ? [{ type: 'tool_arguments', index: piece[0], json: piece[1] }] : [];
    });
    const refused = all.some(({ type }) => type === 'refusal');
    const stopped = calls > 0 ? 'tool_calls' : refused ? 'refusal' : 'stop';
    const finish: StreamPart = { type: 'finish', reason: reason === 'stop' ? stopped : reason };
    return [...all, { type: 'usage', usage }, finish];
  });
