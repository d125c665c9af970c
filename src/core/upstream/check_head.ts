import { WeirError } from '../../formats/error_code.ts';
import { retryAfterSeconds } from '../../formats/retry_after.ts';
import { collectBody } from './collect_body.ts';
import { translatedRefusal } from './translated_head.ts';
import type { ByteAnswer, ByteConsumer, ClientFormat } from './upstream.ts';

/** A provider's refusal. Where it was read, the client gets it: as it is, or its sentence in the client's own format. */
export class ProviderRefusal extends WeirError {
  readonly answer: ByteAnswer | undefined;

  constructor(provider: string, { status, headers }: Pick<ByteAnswer, 'status' | 'headers'>, answer?: ByteAnswer) {
    const message = messageOf(status);
    super(status === 429 ? 'upstream_rate_limited' : 'upstream_error', {
      details: { provider, status },
      ...waitOf(headers),
      ...(message !== undefined && { message }),
    });
    this.answer = answer;
  }
}

interface HeadOrder {
  provider: string;
  redact(text: string): string;
  /** Whether an event stream is wanted. */
  stream: boolean;
  /** Whether the answer goes to the client as it is, or is read, and written in the client's format. */
  passed: boolean;
  /** What the client speaks. */
  client: ClientFormat;
}

/**
 * What an answer's head means: the one place where that is judged.
 * @returns a stream with its head; a whole answer, where that can be used, with its last byte
 * @throws WeirError; ProviderRefusal for a status from 400 on, in the client's own format where it has one
 */
export async function checkHead(answer: ByteAnswer, order: HeadOrder): Promise<ByteAnswer> {
  const { provider, redact, stream, passed, client } = order;
  const { status, headers, contentType } = answer;
  if (stream && status === 200 && isEventStream(contentType)) return answer;
  const isJson = (passed || !stream) && /^application\/([\w.-]+\+)?json\b/i.test(contentType);
  if (status < 400 && (status >= 300 || !isJson)) {
    drop(answer);
    throw new WeirError('upstream_error', { message: notIt(answer, passed || !stream), details: { provider, status } });
  }
  if (client === 'weir') {
    drop(answer);
    throw new ProviderRefusal(provider, answer);
  }
  const body = redact(await collectBody(answer));
  if (status < 400) return wholeAnswer({ status, headers, contentType }, body);
  const refusal = passed
    ? { status, headers, contentType, body }
    : translatedRefusal({ status, headers }, body, client);
  throw new ProviderRefusal(provider, answer, wholeAnswer(refusal, refusal.body));
}

export function isEventStream(contentType: string): boolean {
  return /^text\/event-stream\b/i.test(contentType);
}

/** What a head means that comes after ours has left; undefined where a stream begins. */
export function notAStream({ status, contentType }: ByteAnswer): WeirError | undefined {
  if (status === 200 && isEventStream(contentType)) return undefined;
  const code = status === 429 ? 'upstream_rate_limited' : 'upstream_error';
  return new WeirError(code, { details: { status } });
}

const NO_CONSUMER: ByteConsumer = { bytes: () => true, end: () => {}, fail: () => {} };

/** Left open, it would hold its connection. */
function drop(answer: ByteAnswer): void {
  answer.start(NO_CONSUMER);
  answer.finish();
}

function notIt({ status, contentType }: ByteAnswer, isWhole: boolean): string {
  if (status >= 300) {
    return `The provider answered with a redirect (${status}), which is not followed; set its base URL to the final address.`;
  }
  const wanted = isWhole ? 'JSON' : 'an event stream';
  return `The provider answered with "${contentType || 'no content type'}" instead of ${wanted}; check its base URL.`;
}

function messageOf(status: number): string | undefined {
  if (status === 429) return undefined;
  if (status >= 401 && status <= 403) {
    return `The provider refused the key of this deployment (${status}); check it, and the account.`;
  }
  return `The provider answered with status ${status}.`;
}

function wholeAnswer(head: Pick<ByteAnswer, 'status' | 'headers' | 'contentType'>, body: string): ByteAnswer {
  return {
    kind: 'bytes',
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
function waitOf(headers: ByteAnswer['headers']): { retryAfter?: number } {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  const retryAfter = retryAfterSeconds(ms >= 0 ? String(ms / 1000) : headers['retry-after']);
  return retryAfter === undefined ? {} : { retryAfter };
}
