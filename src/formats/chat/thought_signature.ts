import { type JsonObject, objectOf, parseObject, textOf } from '../json_object.ts';
import type { ReasoningSeal } from '../stream_part.ts';

/** How OpenRouter names Gemini's entries in `reasoning_details`. */
const FORMAT = 'google-gemini-v1';

/** Google's value for a call whose signature is lost: Gemini 3 refuses a message whose first call has none. */
export const LOST_SIGNATURE = 'skip_thought_signature_validator';

/**
 * Gemini signs its tool calls. The seal is what OpenRouter makes of the signature, so that it can go back either way.
 * @param id of the call, as the client gets it
 */
export function thoughtSeal(call: JsonObject, id: string): ReasoningSeal | undefined {
  const data = textOf(objectOf(objectOf(call.extra_content)?.google)?.thought_signature);
  if (data === '') return undefined;
  return { kind: 'detail', data: JSON.stringify({ type: 'reasoning.encrypted', data, id, format: FORMAT }) };
}

/** The other way. @returns the call's id and its signature; undefined for another seal */
export function signatureOf(seal: ReasoningSeal | undefined): [id: string, signature: string] | undefined {
  const { data, id, format } = (seal?.kind === 'detail' ? parseObject(seal.data) : undefined) ?? {};
  return format === FORMAT && typeof id === 'string' && textOf(data) !== '' ? [id, textOf(data)] : undefined;
}

/** What a call has beside its function. */
export function signedBy(signature: string | undefined): JsonObject {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}
