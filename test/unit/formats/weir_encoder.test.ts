import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeirError } from '../../../src/formats/error_code.ts';
import { SseDecoder } from '../../../src/formats/sse/sse_decoder.ts';
import { encodeChunk, encodeComplete, encodeError } from '../../../src/formats/weir/weir_encoder.ts';

function decodeAll(text: string) {
  const decoder = new SseDecoder();
  decoder.push(new TextEncoder().encode(text));
  const events = [];
  for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
  return events;
}

describe('the frames of /api/v1/stream', () => {
  it('carry any text unchanged, and let none inject a field', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n\nevent: error\ndata: {}\n\n', '\r\n\r\n', '\u2028', '\u0000', '"}\n', '\ud800'),
    );
    fc.assert(
      fc.property(nasty, (content) => {
        const events = decodeAll(encodeChunk('1.1', { content, chunk_index: 1, finish_reason: null }));
        expect(events).toHaveLength(1);
        expect(events[0]).toMatchObject({ event: 'chunk', id: '1.1' });
        expect(JSON.parse(events[0]?.data ?? '')).toEqual({ content, chunk_index: 1, finish_reason: null });
      }),
    );
  });

  it('put [DONE] behind complete, and nothing behind error', () => {
    const complete = {
      thread_id: 't',
      chunk_count: 0,
      total_length: 0,
      duration_ms: 1,
      finish_reason: 'stop',
      usage: { input_tokens: 1, output_tokens: 0, estimated: false },
      sha256: '',
    };
    expect(decodeAll(encodeComplete('1.1', complete)).map((event) => event.event)).toEqual(['complete', 'message']);
    expect(encodeComplete('1.1', complete).endsWith('data: [DONE]\n\n')).toBe(true);
    const error = decodeAll(encodeError('1.1', new WeirError('draining'), 't', 3));
    expect(error).toHaveLength(1);
    expect(JSON.parse(error[0]?.data ?? '')).toMatchObject({ error: 'draining', retryable: true, delivered: 3 });
  });
});
