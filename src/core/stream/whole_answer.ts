import type { ErrorCode } from '../../formats/error_code.ts';
import type { StreamPart } from '../../formats/stream_part.ts';
import type { SpanTarget, StreamSpan } from '../observe/stream_span.ts';
import { collectBody, collectParts } from '../upstream/collect_body.ts';
import type { Answer, AnswerEnd } from '../upstream/upstream.ts';
import { answerUsage, usageCounts, wholeUsage } from '../usage/stream_usage.ts';
import type { StreamRecord } from './record_stream.ts';
import type { StreamExchange, WholeAnswer } from './stream_exchange.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Reads an answer to its end, as what is to be sent, and notes in `record` what it has cost.
 * @param signal of the request
 * @throws WeirError what it failed with
 */
export async function wholeAnswer(
  { generates, whole, usageOf, lengths }: StreamExchange,
  answer: Answer,
  target: SpanTarget,
  signal: AbortSignal,
  record: StreamRecord,
  span: StreamSpan | undefined,
): Promise<WholeAnswer> {
  if (answer.kind === 'parts') {
    const { parts, length, end } = await collectParts(answer, signal);
    record.outcome = 'ok';
    record.usage = answerUsage(end, lengths.prompt, length);
    span?.answered({ firstMs: undefined, finishReason: end.finishReason, usage: end.usage && usageCounts(end.usage) });
    const body = Buffer.from(JSON.stringify(whole([...parts, ...endParts(end)]))).toString('latin1');
    return { status: 200, headers: answer.headers ?? {}, contentType: JSON_TYPE, target, body };
  }
  const { status, headers, contentType } = answer;
  const body = await collectBody(answer);
  record.outcome = outcomeOfStatus(status);
  if (record.outcome === 'ok') {
    if (generates) record.usage = wholeUsage(body, lengths.body, usageOf);
    const usage = !generates || record.usage?.estimated ? undefined : record.usage;
    span?.answered({ firstMs: undefined, finishReason: undefined, usage });
  }
  return { status, headers, contentType, target, body };
}

/** The last parts of an answer. */
export function endParts({ finish: reason, sequence, usage }: AnswerEnd): StreamPart[] {
  const finish: StreamPart = { type: 'finish', reason, ...(sequence === undefined ? {} : { sequence }) };
  return usage ? [{ type: 'usage', usage }, finish] : [finish];
}

function outcomeOfStatus(status: number): 'ok' | ErrorCode {
  if (status < 400) return 'ok';
  if (status === 429) return 'upstream_rate_limited';
  // What the client asked for is not the provider's failure; a key that it refuses is ours.
  return [400, 404, 409, 413, 422].includes(status) ? 'validation_error' : 'upstream_error';
}
