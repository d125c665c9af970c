import { jsonFields } from '../../protocol/json_fields.ts';
import type { Usage } from '../../protocol/stream_event.ts';
import type { EventReader } from '../passthrough/event_reader.ts';
import { estimatedUsage, NO_USAGE } from './stream_usage.ts';

/**
 * Of a stream whose bytes were passed on. Without its provider's last word each piece counts as a token, which is what
 * a piece is with most servers.
 * @param whole whether it came to its proper end; @param bodyLength of the request
 */
export function passedUsage(reported: EventReader['usage'], pieces: number, whole: boolean, bodyLength: number): Usage {
  if (whole && reported) return { ...reported, estimated: false };
  if (!whole && !reported && pieces === 0) return NO_USAGE;
  const { input_tokens } = estimatedUsage(bodyLength, 0);
  return {
    input_tokens: reported?.input_tokens ?? input_tokens,
    output_tokens: Math.max(reported?.output_tokens ?? 0, pieces),
    estimated: true,
  };
}

const USAGE = new Set(['usage']);

/** Of an answer in one piece, in any of the protocols. @param body one character a byte */
export function wholeUsage(body: string, bodyLength: number): Usage {
  const span = jsonFields(body, USAGE)?.get('usage');
  const counts = span && (JSON.parse(body.slice(span.start, span.end)) as Record<string, unknown> | null);
  if (!counts || typeof counts !== 'object') return estimatedUsage(bodyLength, body.length);
  const count = (...names: string[]) =>
    names.map((name) => counts[name]).find((value) => typeof value === 'number') ?? 0;
  return {
    input_tokens: count('prompt_tokens', 'input_tokens') as number,
    output_tokens: count('completion_tokens', 'output_tokens') as number,
    estimated: false,
  };
}
