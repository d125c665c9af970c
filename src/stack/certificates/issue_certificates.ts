import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { AUTHORITY_NAME } from './inspect_certificate.ts';

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
 * Limits an authority to this machine's own names. A browser that trusts it risks only localhost, even if its key is
 * stolen: certificates that it signs for other names are refused.
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

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Browsers refuse leaves that are valid for longer than 398 days. */
const LEAF_DAYS = 397;

/** A certificate and its private key, both PEM. */
export interface IssuedPair {
  certificate: string;
  key: string;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** A positive serial of 127 random bits: browsers refuse two certificates of one authority with the same serial. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** Valid from yesterday on, because the clocks of other machines may be behind. */
function validity(days: number, now: Date): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - DAY_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

/** A new local authority, limited to the names of this machine. */
export async function issueAuthority(now = new Date()): Promise<IssuedPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The random part keeps two installations on one machine apart in a browser's list.
    name: `CN=${AUTHORITY_NAME} ${randomBytes(3).toString('hex')}, O=Weir`,
    ...validity(AUTHORITY_DAYS, now),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      localNameConstraints(),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
}

/** A leaf for localhost, 127.0.0.1 and ::1, signed by `authority`. Throws when the authority's PEM can't be read. */
export async function issueLeaf(authority: IssuedPair, now = new Date(), days = LEAF_DAYS): Promise<IssuedPair> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ format: 'der', type: 'pkcs8' }),
    ALGORITHM,
    false,
    ['sign'],
  );
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: issuer.subject,
    ...validity(days, now),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
}
