import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CertificateFiles } from './certificate_files.ts';

const DAY_MS = 86_400_000;
const RENEW_BELOW_DAYS = 30;

/** What the files hold, and what speaks against using them. */
export interface CertificateReport {
  /** Why the certificate has to be renewed, as the end of a sentence; undefined when it is good. */
  problem: string | undefined;
  /** The authority can't sign any more, so that it has to be made anew too. */
  authorityUnusable: boolean;
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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
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

function authorityIn(files: CertificateFiles, now: Date): X509Certificate | undefined {
  const authority = parse(() => new X509Certificate(read(files.authority) ?? ''));
  const key = parse(() => createPrivateKey(read(files.authorityKey) ?? ''));
  if (!authority || !key || !authority.checkPrivateKey(key)) return undefined;
  const daysLeft = (authority.validToDate.getTime() - now.getTime()) / DAY_MS;
  return daysLeft < RENEW_BELOW_DAYS ? undefined : authority;
}

function problemOf(leaf: X509Certificate, files: CertificateFiles, daysLeft: number, now: Date): string | undefined {
  const key = parse(() => createPrivateKey(read(files.key) ?? ''));
  if (!key) return 'its private key is missing or cannot be read';
  if (!leaf.checkPrivateKey(key)) return 'the private key belongs to another certificate';
  if (leaf.validFromDate > now) return `it is valid only from ${leaf.validFromDate.toISOString()} on (check the clock)`;
  if (daysLeft < 0) return `it expired on ${leaf.validToDate.toISOString()}`;
  if (daysLeft < RENEW_BELOW_DAYS) return `it ends in ${Math.floor(daysLeft)} days`;
  if (!leaf.checkHost('localhost') || !leaf.checkIP('127.0.0.1') || !leaf.checkIP('::1')) {
    return 'it is not made out for localhost, 127.0.0.1 and ::1';
  }
  return undefined;
}

/** Looks at the files without changing them; never throws. */
export function inspectCertificate(files: CertificateFiles, now = new Date()): CertificateReport {
  const authority = authorityIn(files, now);
  const authorityUnusable = authority === undefined;
  const pem = read(files.certificate);
  if (pem === undefined) return { problem: 'there is none yet', authorityUnusable };
  const leaf = parse(() => new X509Certificate(pem));
  if (!leaf) return { problem: 'the file is not a certificate', authorityUnusable };
  const daysLeft = (leaf.validToDate.getTime() - now.getTime()) / DAY_MS;
  let problem = problemOf(leaf, files, daysLeft, now);
  // A certificate of somebody else's making (a company's authority, mkcert) is left alone while it is good.
  if (!problem && authority && leaf.issuer === authority.subject && !leaf.verify(authority.publicKey)) {
    problem = 'it was not signed by the authority beside it';
  }
  return {
    problem,
    authorityUnusable,
    subject: leaf.subject,
    issuer: leaf.issuer,
    names: leaf.subjectAltName ?? '',
    validFrom: leaf.validFromDate.toISOString(),
    validTo: leaf.validToDate.toISOString(),
    daysLeft: Math.floor(daysLeft),
    fingerprint: leaf.fingerprint256,
  };
}
