import { WeirError } from '../../formats/error_code.ts';
import { retryAfterSeconds } from '../../formats/retry_after.ts';
import { collectBody } from './collect_body.ts';
import type { EventReader } from './event_reader.ts';
import { heldStream } from './held_stream.ts';
import type { ByteConsumer, Origin, OriginAnswer, OriginCall } from './origin.ts';
import { isEventStream } from './passthrough.ts';

/** A provider's refusal, which the client hears in the provider's own words where nobody else answers. */
export class ProviderRefusal extends WeirError {
  readonly answer: OriginAnswer;

  constructor(provider: string, answer: OriginAnswer) {
    super(answer.status === 429 ? 'upstream_rate_limited' : 'upstream_error', {
      details: { provider, status: answer.status },
      ...waitOf(answer.headers),
    });
    this.answer = answer;
  }
}

/**
 * One try at one provider, up to the point where its answer has begun: a stream with its head, or where it is held with
 * its first piece; anything else with its last byte.
 * @param reader makes one for this try; undefined where no stream is wanted
 * @throws WeirError; ProviderRefusal for a status from 400 on
 */
export async function askOrigin(
  origin: Origin,
  call: OriginCall,
  signal: AbortSignal,
  reader: (() => EventReader) | undefined,
  held: boolean,
): Promise<OriginAnswer> {
  const answer = await origin.call(call, signal);
  const { status, headers, contentType } = answer;
  if (reader && status === 200 && isEventStream(contentType)) {
    return held ? heldStream(answer, reader(), origin.name) : answer;
  }
  const details = { provider: origin.name, status };
  if (status < 400 && (status >= 300 || !/^application\/([\w.-]+\+)?json\b/i.test(contentType))) {
    const what = status >= 300 ? `a redirect (${status}), which is not followed` : `"${contentType}" instead of JSON`;
    const message = `The provider answered with ${what}; check its base URL.`;
    // Nobody reads on; left open, it would hold its connection.
    answer.start(NOBODY);
    answer.finish();
    throw new WeirError('upstream_error', { message, details });
  }
  const whole = wholeAnswer({ status, headers, contentType }, origin.redact(await collectBody(answer)));
  if (status >= 400) throw new ProviderRefusal(origin.name, whole);
  return whole;
}

const NOBODY: ByteConsumer = { bytes: () => true, end: () => {}, fail: () => {} };

function wholeAnswer(head: Pick<OriginAnswer, 'status' | 'headers' | 'contentType'>, body: string): OriginAnswer {
  return {
    ...head,
    start: (consumer) => {
      if (body !== '') consumer.bytes(body);
      consumer.end();
    },
    resume: () => {},
    finish: () => {},
  };
}

/** The finer header that OpenAI's clients prefer, or the standard's. */
function waitOf(headers: OriginAnswer['headers']): { retryAfter?: number } {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  const retryAfter = retryAfterSeconds(ms >= 0 ? String(ms / 1000) : headers['retry-after']);
  return retryAfter === undefined ? {} : { retryAfter };
}
