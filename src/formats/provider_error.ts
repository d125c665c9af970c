import { WeirError } from './error_code.ts';
import { objectOf, textOf } from './json_object.ts';
import type { StreamPart } from './stream_part.ts';

type ErrorPart = StreamPart & { type: 'error' };

/** The provider's own error in mid-answer: `{message, type, code}` in all formats. Its message stays out of ours. */
export function providerError(error: unknown): ErrorPart {
  const { message, type, code } = objectOf(error) ?? { message: error };
  // An event that is the error itself has `error` as its type.
  const words = [textOf(type), textOf(code)].filter((word) => word !== '' && word !== 'error');
  const [kind = ''] = words;
  const limited = words.some((word) => /rate_limit|overloaded/.test(word)) || code === 429;
  const reason = textOf(message);
  return {
    type: 'error',
    error: new WeirError(limited ? 'upstream_rate_limited' : 'upstream_error', { details: { kind, reason } }),
  };
}

/** Something that the format does not have. @param what one sentence for the log */
export function protocolError(what: string): ErrorPart {
  return { type: 'error', error: new WeirError('upstream_protocol', { details: { reason: what } }) };
}

/** The bytes ended in mid-answer. */
export function truncated(): ErrorPart {
  return { type: 'error', error: new WeirError('upstream_truncated') };
}
