import 'reflect-metadata';
import { Extension } from '@peculiar/x509';

const NAME_CONSTRAINTS = '2.5.29.30';
const SEQUENCE = 0x30;
const PERMITTED_SUBTREES = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** One DER element; all of ours are shorter than 128 bytes, so the length is a single byte. */
function element(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

/**
 * Limits an authority to this machine's own names. Whoever trusts it in a browser risks nothing but localhost, even
 * if its key is stolen: a certificate that it signs for any other name is refused.
 */
export function localNameConstraints(): Extension {
  const everyBit = (length: number) => Buffer.alloc(length, 0xff);
  const ipv4 = Buffer.from([127, 0, 0, 1]);
  const ipv6 = Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
  const value = element(
    SEQUENCE,
    element(
      PERMITTED_SUBTREES,
      element(SEQUENCE, element(DNS_NAME, Buffer.from('localhost', 'ascii'))),
      element(SEQUENCE, element(IP_ADDRESS, ipv4, everyBit(4))),
      element(SEQUENCE, element(IP_ADDRESS, ipv6, everyBit(16))),
    ),
  );
  return new Extension(NAME_CONSTRAINTS, true, Uint8Array.from(value).buffer);
}
