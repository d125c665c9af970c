import { WeirError } from '../../formats/error_code.ts';
import type { OriginAnswer } from './origin.ts';

/** An answer that is not streamed is held whole: only then its end is known to be one. Embeddings are the largest. */
const MAX_BODY = 32 * 1024 * 1024;

/**
 * Reads an answer to its end.
 * @returns its bytes, one character each
 * @throws WeirError limit_exceeded; what the answer failed with
 */
export function collectBody(answer: OriginAnswer): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    answer.start({
      bytes: (bytes) => {
        body += bytes;
        if (body.length <= MAX_BODY) return true;
        reject(new WeirError('limit_exceeded', { message: 'The provider’s answer is longer than 32 MiB.' }));
        return false;
      },
      end: () => resolve(body),
      fail: reject,
    });
  });
}
