import { createHash } from 'node:crypto';
import { WeirError } from '../../formats/error_code.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';

const KEY = /^[\x21-\x7e]{1,200}$/;

/** The client's key and the hash of what it asks: a key stands for one request. @throws WeirError validation_error */
export function idempotencyOf(
  header: string | string[] | undefined,
  body: StreamRequest,
): { key: string; bodyHash: string } | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) {
    const fields = [{ field: 'Idempotency-Key', message: 'must be 1 to 200 visible ASCII characters' }];
    throw new WeirError('validation_error', { message: 'Not valid: Idempotency-Key.', details: { fields } });
  }
  // Whatever the client's library put into its key, it is as good as any as a part of our own.
  const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { key: hash(header), bodyHash: hash(JSON.stringify(body)) };
}
