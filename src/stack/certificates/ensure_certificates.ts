import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StackError } from '../stack_error.ts';
import { type CertificateFiles, inspectCertificate } from './inspect_certificate.ts';
import { type IssuedPair, issueAuthority, issueLeaf } from './issue_certificates.ts';

/** Writes a new file and renames it, so that NGINX never reads half a file; the mode is right from the first byte. */
function writeAtomically(file: string, content: string, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, file);
}

function readAuthority(files: CertificateFiles): IssuedPair {
  return { certificate: readFileSync(files.authority, 'utf8'), key: readFileSync(files.authorityKey, 'utf8') };
}

/** Keeps a copy of each file that is about to be replaced, with its mode. */
function keepCopies(replaced: string[], now: Date): void {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  for (const file of replaced) if (existsSync(file)) copyFileSync(file, `${file}.replaced-${time}`);
}

/** The error where Weir would have to overwrite a file that it did not make. */
function refusal(problem: string, moved: string[]): StackError {
  const moves = moved
    .filter((file) => existsSync(file))
    .map((file) => `mv ${file} ${file}.own`)
    .join(' && ');
  return new StackError(
    problem,
    `put a valid one there, or let Weir make one: run "${moves}", then this command again`,
  );
}

/**
 * Makes a new leaf and, if the present authority can not sign any more, a new authority. Copies of the replaced files stay
 * beside them.
 *
 * @throws StackError if Weir did not make the present files; the system's error when the folder can't be
 *   written to
 */
export async function renewCertificates(files: CertificateFiles, now = new Date()): Promise<void> {
  const report = inspectCertificate(files, now);
  if (!report.isOurs) {
    const problem = `${files.certificate} was not made by Weir, so it is not changed`;
    throw refusal(problem, [files.certificate, files.key]);
  }
  if (report.authorityIsForeign) {
    const problem = `${files.authority} was not made by Weir, so it is not changed and not used for signing`;
    throw refusal(problem, [files.authority, files.authorityKey]);
  }
  mkdirSync(path.dirname(files.certificate), { recursive: true });
  keepCopies([files.certificate, files.key], now);
  let authority: IssuedPair;
  if (report.authorityUnusable) {
    keepCopies([files.authority, files.authorityKey], now);
    authority = await issueAuthority(now);
    writeAtomically(files.authorityKey, authority.key, 0o600);
    writeAtomically(files.authority, authority.certificate, 0o644);
  } else {
    authority = readAuthority(files);
  }
  const leaf = await issueLeaf(authority, now);
  // The certificate first: a start that is interrupted here leaves a certificate of Weir, which the next start renews.
  writeAtomically(files.certificate, leaf.certificate + authority.certificate, 0o644);
  writeAtomically(files.key, leaf.key, 0o600);
}

/**
 * Keeps a valid certificate, and every certificate that Weir did not make; renews any other.
 *
 * Returns a sentence about the result, or undefined when there was nothing to do.
 * @throws StackError if NGINX can not use the present files, and Weir did not make them
 */
export async function ensureCertificates(files: CertificateFiles, now = new Date()): Promise<string | undefined> {
  const { problem, isOurs, isServable } = inspectCertificate(files, now);
  if (problem === undefined) return undefined;
  if (isOurs) {
    await renewCertificates(files, now);
    return `certificate for localhost written to ${path.dirname(files.certificate)} (${problem})`;
  }
  if (isServable) return `your own certificate is used as it is (${problem}): ${files.certificate}`;
  const what = `${files.certificate} was not made by Weir and can not be used, because ${problem}`;
  throw refusal(what, [files.certificate, files.key]);
}
