import { CHAT_FINISH_REASONS } from '../../formats/chat/chat_chunk.ts';
import type { ErrorCode } from '../../formats/error_code.ts';
import type { StreamPart } from '../../formats/stream_part.ts';
import type { SpanTarget, StreamSpan } from '../observe/stream_span.ts';
import { collectBody, collectParts } from '../upstream/collect_body.ts';
import type { Answer, AnswerEnd } from '../upstream/upstream.ts';
import { answerUsage, wholeUsage } from '../usage/stream_usage.ts';
import type { StreamRecord } from './record_stream.ts';
import type { StreamExchange, WholeAnswer } from './stream_exchange.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Reads an answer to its end, as what is to be sent, and notes in `record` what it has cost.
 * @param signal of the request
 * @throws WeirError what it failed with
 */
export async function wholeAnswer(
  { generates, whole, lengths }: StreamExchange,
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
    span?.answered({ firstMs: undefined, finishReason: end.finishReason, usage: end.usage });
    const body = Buffer.from(JSON.stringify(whole([...parts, ...endParts(end)]))).toString('latin1');
    return { status: 200, headers: answer.headers ?? {}, contentType: JSON_TYPE, target, body };
  }
  const { status, headers, contentType } = answer;
  const body = await collectBody(answer);
  record.outcome = outcomeOfStatus(status);
  if (record.outcome === 'ok') {
    if (generates) record.usage = wholeUsage(body, lengths.body);
    const usage = !generates || record.usage?.estimated ? undefined : record.usage;
    span?.answered({ firstMs: undefined, finishReason: undefined, usage });
  }
  return { status, headers, contentType, target, body };
}

/** The end of an answer in parts, which has the words of chat completions, in the words of all formats. */
export function endParts({ finishReason, usage }: AnswerEnd): StreamPart[] {
  const { input_tokens: input = 0, output_tokens: output = 0, reasoning_tokens: reasoning } = usage ?? {};
  const reason = CHAT_FINISH_REASONS.get(finishReason) ?? 'stop';
  return [
    { type: 'usage', usage: { input, output, ...(reasoning === undefined ? {} : { reasoning }) } },
    { type: 'finish', reason },
  ];
}

function outcomeOfStatus(status: number): 'ok' | ErrorCode {
  if (status < 400) return 'ok';
  if (status === 429) return 'upstream_rate_limited';
  // What the client asked for is not the provider's failure; a key that it refuses is ours.
  return [400, 404, 409, 413, 422].includes(status) ? 'validation_error' : 'upstream_error';
}
