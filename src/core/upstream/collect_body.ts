import { WeirError } from '../../formats/error_code.ts';
import { type AnswerPart, lengthOf } from '../../formats/stream_part.ts';
import type { AnswerEnd, ByteAnswer, PartAnswer } from './upstream.ts';

/** An answer that is not streamed is held whole: only then its end is known to be one. Embeddings are the largest. */
const MAX_BODY = 32 * 1024 * 1024;

/**
 * Reads an answer to its end.
 * @returns its bytes, one character each
 * @throws WeirError limit_exceeded; what the answer failed with
 */
export function collectBody(answer: ByteAnswer): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    answer.start({
      bytes: (bytes) => {
        body += bytes;
        if (body.length <= MAX_BODY) return true;
        reject(tooLong());
        return false;
      },
      end: () => resolve(body),
      fail: reject,
    });
  });
}

/** A whole answer in parts; neighbouring texts are one. */
export interface CollectedParts {
  parts: (AnswerPart | { type: 'text'; text: string })[];
  /** Of all text, reasoning and arguments, in UTF-16 units. */
  length: number;
  end: AnswerEnd;
}

/** @param signal ends the wait: an answer in parts says nothing more after it. @throws as {@link collectBody} */
export function collectParts(answer: PartAnswer, signal: AbortSignal): Promise<CollectedParts> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const parts: CollectedParts['parts'] = [];
    let length = 0;
    const has = (units: number) => {
      length += units;
      if (length <= MAX_BODY) return true;
      reject(tooLong());
      return false;
    };
    answer.start({
      text: (text) => {
        const last = parts.at(-1);
        if (last?.type === 'text') last.text += text;
        else parts.push({ type: 'text', text });
        return has(text.length);
      },
      part: (part) => {
        parts.push(part);
        return has(lengthOf(part));
      },
      end: (end) => resolve({ parts, length, end }),
      fail: reject,
    });
  });
}

function tooLong(): WeirError {
  return new WeirError('limit_exceeded', { message: 'The provider’s answer is longer than 32 MiB.' });
}
