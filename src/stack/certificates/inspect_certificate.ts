import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Every authority of Weir has a name that begins like this. It marks certificates that Weir made and may replace. */
export const AUTHORITY_NAME = 'Weir local authority';

/** Paths of the certificate, its key and the authority that signed it. */
export interface CertificateFiles {
  /** Leaf for localhost, followed by the authority: what NGINX presents. */
  certificate: string;
  key: string;
  /** The local authority's certificate: what clients trust. */
  authority: string;
  /** The authority's key, needed to renew the leaf without making every client trust a new authority. */
  authorityKey: string;
}

/** The four files in `folder`, by the names that the guide uses. */
export function certificateFiles(folder: string): CertificateFiles {
  return {
    certificate: path.join(folder, 'localhost.crt'),
    key: path.join(folder, 'localhost.key'),
    authority: path.join(folder, 'ca.crt'),
    authorityKey: path.join(folder, 'ca.key'),
  };
}

const DAY_MS = 86_400_000;
const RENEW_BELOW_DAYS = 30;

/** The content of the files, and why they can not be used. */
export interface CertificateReport {
  /** Why the certificate must be renewed, as the end of a sentence; undefined when it is valid. */
  problem: string | undefined;
  /** Weir may write here: it made what is there, or nothing is there. */
  isOurs: boolean;
  /** NGINX can present it: it can be read, and the key is its own. */
  isServable: boolean;
  /** The authority can not sign any more, so a new one is needed. */
  authorityUnusable: boolean;
  /** The file of the authority holds one that Weir did not make. */
  authorityIsForeign: boolean;
  subject?: string;
  issuer?: string;
  /** Names as the certificate writes them: `DNS:localhost, IP Address:127.0.0.1, …`. */
  names?: string;
  /** ISO 8601. */
  validFrom?: string;
  validTo?: string;
  daysLeft?: number;
  /** SHA-256, upper-case hex with colons. */
  fingerprint?: string;
}

/** An empty file counts as missing: a power failure may leave one. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

function parse<T>(build: () => T): T | undefined {
  try {
    return build();
  } catch {
    return undefined;
  }
}

/** Every authority that Weir makes has this name, and so every certificate of Weir's has this issuer. */
function isOurAuthority(name: string): boolean {
  return name.includes(`CN=${AUTHORITY_NAME} `) && /^O=Weir$/m.test(name);
}

function authorityIn(files: CertificateFiles, now: Date): X509Certificate | undefined {
  const authority = parse(() => new X509Certificate(read(files.authority) ?? ''));
  const key = parse(() => createPrivateKey(read(files.authorityKey) ?? ''));
  if (!authority || !isOurAuthority(authority.subject) || !key || !authority.checkPrivateKey(key)) return undefined;
  const daysLeft = (authority.validToDate.getTime() - now.getTime()) / DAY_MS;
  return daysLeft < RENEW_BELOW_DAYS ? undefined : authority;
}

function keyProblem(leaf: X509Certificate, files: CertificateFiles): string | undefined {
  const key = parse(() => createPrivateKey(read(files.key) ?? ''));
  if (!key) return 'its private key is missing or cannot be read';
  return leaf.checkPrivateKey(key) ? undefined : 'the private key belongs to another certificate';
}

function contentProblem(leaf: X509Certificate, daysLeft: number, now: Date): string | undefined {
  if (leaf.validFromDate > now) return `it is valid only from ${leaf.validFromDate.toISOString()} on (check the clock)`;
  if (daysLeft < 0) return `it expired on ${leaf.validToDate.toISOString()}`;
  if (daysLeft < RENEW_BELOW_DAYS) return `it ends in ${Math.floor(daysLeft)} days`;
  if (!leaf.checkHost('localhost') || !leaf.checkIP('127.0.0.1') || !leaf.checkIP('::1')) {
    return `it is not valid for localhost, 127.0.0.1 and ::1 (${leaf.subjectAltName ?? leaf.subject})`;
  }
  return undefined;
}

/** Looks at the files without changing them; never throws. */
export function inspectCertificate(files: CertificateFiles, now = new Date()): CertificateReport {
  const authority = authorityIn(files, now);
  const about = { authorityUnusable: authority === undefined, authorityIsForeign: isForeignAuthority(files) };
  const pem = read(files.certificate);
  if (pem === undefined) return { problem: 'there is none yet', isOurs: true, isServable: false, ...about };
  const leaf = parse(() => new X509Certificate(pem));
  if (!leaf) return { problem: 'the file is not a certificate', isOurs: false, isServable: false, ...about };
  const daysLeft = (leaf.validToDate.getTime() - now.getTime()) / DAY_MS;
  const withKey = keyProblem(leaf, files);
  let problem = withKey ?? contentProblem(leaf, daysLeft, now);
  if (!problem && authority && leaf.issuer === authority.subject && !leaf.verify(authority.publicKey)) {
    problem = 'it was not signed by the authority beside it';
  }
  return {
    problem,
    isOurs: isOurAuthority(leaf.issuer),
    isServable: withKey === undefined,
    ...about,
    subject: leaf.subject,
    issuer: leaf.issuer,
    names: leaf.subjectAltName ?? '',
    validFrom: leaf.validFromDate.toISOString(),
    validTo: leaf.validToDate.toISOString(),
    daysLeft: Math.floor(daysLeft),
    fingerprint: leaf.fingerprint256,
  };
}

function isForeignAuthority(files: CertificateFiles): boolean {
  const pem = read(files.authority);
  const authority = pem === undefined ? undefined : parse(() => new X509Certificate(pem));
  return pem !== undefined && !(authority && isOurAuthority(authority.subject));
}
