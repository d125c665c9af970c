import type { CompleteEvent } from '../formats/weir/stream_event.ts';
import { StreamProtocolError } from './stream_protocol_error.ts';

/** Compares the text with the checksum of `complete`, where WebCrypto is there. @throws StreamProtocolError */
export async function verifyText(text: string, complete: CompleteEvent): Promise<void> {
  // Pages that came over plain http from another host have no WebCrypto.
  const subtle = globalThis.crypto?.subtle as typeof globalThis.crypto.subtle | undefined;
  if (subtle === undefined) return;
  const digest = await subtle.digest('SHA-256', new TextEncoder().encode(text));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== complete.sha256) throw new StreamProtocolError('the text does not match its checksum');
}
