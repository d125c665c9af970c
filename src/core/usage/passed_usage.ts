import { jsonFields } from '../../formats/json_fields.ts';
import { parseObject } from '../../formats/json_object.ts';
import { type ReportedUsage, reportedUsage } from '../../formats/reported_usage.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import { estimatedUsage, NO_USAGE } from './stream_usage.ts';

/**
 * Of a stream whose bytes were passed on. Without its provider's last word each piece counts as a token, which is what
 * a piece is with most servers.
 * @param whole whether it came to its proper end; @param bodyLength of the request
 */
export function passedUsage(
  reported: ReportedUsage | undefined,
  pieces: number,
  whole: boolean,
  bodyLength: number,
): Usage {
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
  const reported = span && reportedUsage(parseObject(body.slice(span.start, span.end)));
  return reported ? { ...reported, estimated: false } : estimatedUsage(bodyLength, body.length);
}
