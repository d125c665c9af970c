import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CertificateFiles } from './certificate_files.ts';
import { inspectCertificate } from './inspect_certificate.ts';
import { type IssuedPair, issueAuthority, issueLeaf } from './issue_certificates.ts';

/** Written beside and renamed, so that NGINX never reads half a file; the mode is right from the first byte. */
function writeAtomically(file: string, content: string, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, file);
}

function readAuthority(files: CertificateFiles): IssuedPair {
  return { certificate: readFileSync(files.authority, 'utf8'), key: readFileSync(files.authorityKey, 'utf8') };
}

/**
 * Makes a new leaf and, where the present authority can't sign any more, a new authority.
 *
 * Throws when the folder can't be written to.
 */
export async function renewCertificates(files: CertificateFiles, now = new Date()): Promise<void> {
  mkdirSync(path.dirname(files.certificate), { recursive: true });
  let authority: IssuedPair;
  if (inspectCertificate(files, now).authorityUnusable) {
    authority = await issueAuthority(now);
    writeAtomically(files.authorityKey, authority.key, 0o600);
    writeAtomically(files.authority, authority.certificate, 0o644);
  } else {
    authority = readAuthority(files);
  }
  const leaf = await issueLeaf(authority, now);
  writeAtomically(files.key, leaf.key, 0o600);
  writeAtomically(files.certificate, leaf.certificate + authority.certificate, 0o644);
}

/**
 * Leaves a good certificate alone and renews any other.
 *
 * Returns what was done as one sentence, or undefined when there was nothing to do.
 */
export async function ensureCertificates(files: CertificateFiles, now = new Date()): Promise<string | undefined> {
  const { problem } = inspectCertificate(files, now);
  if (problem === undefined) return undefined;
  await renewCertificates(files, now);
  return `certificate for localhost written to ${path.dirname(files.certificate)} (${problem})`;
}
