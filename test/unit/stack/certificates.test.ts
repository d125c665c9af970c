import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCertificates, renewCertificates } from '../../../src/stack/certificates/ensure_certificates.ts';
import {
  type CertificateFiles,
  certificateFiles,
  inspectCertificate,
} from '../../../src/stack/certificates/inspect_certificate.ts';
import { type IssuedPair, issueAuthority, issueLeaf } from '../../../src/stack/certificates/issue_certificates.ts';
import { shortRequest } from '../../../src/stack/http_request.ts';
import { ownCertificate } from '../../support/own_certificate.ts';

let folder: string;
let files: CertificateFiles;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-certs-'));
  files = certificateFiles(path.join(folder, 'ssl'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const leaf = () => new X509Certificate(readFileSync(files.certificate));
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

describe('ensureCertificates', () => {
  it('makes a certificate for localhost, 127.0.0.1 and ::1, and keeps its keys to itself', async () => {
    expect(await ensureCertificates(files)).toMatch(/there is none yet/);
    expect(leaf().checkHost('localhost')).toBe('localhost');
    expect(leaf().checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf().checkIP('::1')).toBeTruthy();
    expect(statSync(files.key).mode & 0o777).toBe(0o600);
    expect(statSync(files.authorityKey).mode & 0o777).toBe(0o600);
    expect(inspectCertificate(files).problem).toBeUndefined();
  });

  it('leaves a good one alone', async () => {
    await ensureCertificates(files);
    const before = readFileSync(files.certificate);
    expect(await ensureCertificates(files)).toBeUndefined();
    expect(readFileSync(files.certificate)).toEqual(before);
  });

  it('renews with the same authority when less than 30 days remain', async () => {
    await ensureCertificates(files);
    const [serial, authority] = [leaf().serialNumber, readFileSync(files.authority, 'utf8')];
    expect(inspectCertificate(files, inDays(366)).problem).toBeUndefined();
    expect(await ensureCertificates(files, inDays(368))).toMatch(/it ends in \d+ days/);
    expect(leaf().serialNumber).not.toBe(serial);
    expect(readFileSync(files.authority, 'utf8')).toBe(authority);
  });

  it('renews when the key is not one', async () => {
    await ensureCertificates(files);
    writeFileSync(files.key, 'nonsense');
    expect(inspectCertificate(files).problem).toMatch(/private key is missing or cannot be read/);
    expect(await ensureCertificates(files)).toMatch(/private key is missing or cannot be read/);
    expect(inspectCertificate(files).problem).toBeUndefined();
  });

  it('renews when the key belongs to another certificate', async () => {
    await ensureCertificates(files);
    writeFileSync(files.key, (await issueAuthority()).key);
    expect(await ensureCertificates(files)).toMatch(/belongs to another certificate/);
  });

  it('makes a new authority when the old one is lost, and signs anew', async () => {
    await ensureCertificates(files);
    const authority = readFileSync(files.authority, 'utf8');
    rmSync(files.authorityKey);
    await renewCertificates(files);
    expect(readFileSync(files.authority, 'utf8')).not.toBe(authority);
    expect(inspectCertificate(files)).toMatchObject({ problem: undefined, authorityUnusable: false });
  });

  it('notices a leaf of another authority with the same name', async () => {
    await ensureCertificates(files);
    const other = await issueAuthority();
    const foreign = await issueLeaf({ certificate: readFileSync(files.authority, 'utf8'), key: other.key });
    writeFileSync(files.certificate, foreign.certificate);
    writeFileSync(files.key, foreign.key);
    expect(inspectCertificate(files).problem).toMatch(/not signed by the authority/);
  });
});

describe('what Weir did not make', () => {
  const put = (pair: Partial<IssuedPair>) => {
    mkdirSync(path.dirname(files.certificate), { recursive: true });
    if (pair.certificate !== undefined) writeFileSync(files.certificate, pair.certificate);
    if (pair.key !== undefined) writeFileSync(files.key, pair.key);
  };
  const kept = () => readdirSync(path.dirname(files.certificate)).sort();

  it.each<[string, string[], number, RegExp]>([
    ['is for another name', ['weir.example'], 60, /your own certificate.*weir\.example/],
    ['ends soon', ['localhost', '127.0.0.1', '::1'], 10, /your own certificate.*ends in/],
    ['has expired', ['localhost', '127.0.0.1', '::1'], -1, /your own certificate.*expired/],
  ])('is served as it is, with a sentence, where it %s', async (_, names, days, sentence) => {
    const own = await ownCertificate(names, days);
    put(own);
    expect(await ensureCertificates(files)).toMatch(sentence);
    expect(readFileSync(files.certificate, 'utf8')).toBe(own.certificate);
    expect(readFileSync(files.key, 'utf8')).toBe(own.key);
    expect(kept()).toEqual(['localhost.crt', 'localhost.key']);
    await expect(renewCertificates(files)).rejects.toThrow(/not made by Weir.*mv /);
    expect(readFileSync(files.certificate, 'utf8')).toBe(own.certificate);
  });

  it.each<[string, (own: IssuedPair) => Promise<Partial<IssuedPair>>, RegExp]>([
    ['has no key', async ({ certificate }) => ({ certificate }), /private key is missing/],
    [
      'has the key of another',
      async ({ certificate }) => ({ certificate, key: (await ownCertificate(['x'], 9)).key }),
      /belongs to another/,
    ],
    ['is no PEM that can be read', async ({ key }) => ({ certificate: 'nonsense', key }), /not a certificate/],
  ])('ends the start, which says what to do, where it %s', async (_, change, sentence) => {
    const pair = await change(await ownCertificate(['localhost'], 60));
    put(pair);
    const before = kept();
    await expect(ensureCertificates(files)).rejects.toThrow(sentence);
    await expect(ensureCertificates(files)).rejects.toThrow(/not made by Weir.*mv /);
    expect(kept()).toEqual(before);
    expect(readFileSync(files.certificate, 'utf8')).toBe(pair.certificate);
  });

  it('is kept beside, where a certificate is made for a key that lies there alone', async () => {
    const { key } = await ownCertificate(['localhost'], 60);
    put({ key });
    await ensureCertificates(files);
    const copy = kept().find((name) => name.startsWith('localhost.key.replaced-'));
    expect(readFileSync(path.join(path.dirname(files.key), copy ?? ''), 'utf8')).toBe(key);
  });

  it('does not sign: another authority at its place ends the start', async () => {
    const other = await ownCertificate(['some authority'], 600);
    put({});
    writeFileSync(files.authority, other.certificate);
    writeFileSync(files.authorityKey, other.key);
    await expect(ensureCertificates(files)).rejects.toThrow(/ca\.crt was not made by Weir.*mv /);
    expect(readFileSync(files.authority, 'utf8')).toBe(other.certificate);
  });

  it('differs from what an earlier authority of Weir signed, which is renewed; copies stay', async () => {
    const lost = await issueAuthority();
    const earlier = await issueLeaf(lost, inDays(-380));
    put(earlier);
    expect(await ensureCertificates(files)).toMatch(/ends in/);
    expect(inspectCertificate(files).problem).toBeUndefined();
    const [certificate, key] = kept().filter((name) => name.includes('.replaced-'));
    const copies = [certificate, key].map((name) =>
      readFileSync(path.join(path.dirname(files.key), name ?? ''), 'utf8'),
    );
    expect(copies).toEqual([earlier.certificate, earlier.key]);
  });

  it('is not what a lost power supply left: an empty file is none', async () => {
    put({ certificate: '', key: '' });
    expect(await ensureCertificates(files)).toMatch(/none yet/);
  });
});

describe('the local authority', () => {
  it('is trusted for localhost by a client that knows it', async () => {
    await ensureCertificates(files);
    const [cert, key, ca] = [files.certificate, files.key, files.authority].map((file) => readFileSync(file, 'utf8'));
    const server = createServer({ cert, key } as { cert: string; key: string }, (_request, response) =>
      response.end('hi'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await shortRequest({ url: `https://127.0.0.1:${port}/`, ca })).body).toBe('hi');
    const other = await issueAuthority();
    await expect(shortRequest({ url: `https://127.0.0.1:${port}/`, ca: other.certificate })).rejects.toThrow();
    server.close();
  });

  it("is limited to this machine's names", async () => {
    const authority = new X509Certificate((await issueAuthority()).certificate);
    expect(authority.ca).toBe(true);
    // The extension's number, in DER, followed by "critical".
    expect(authority.raw.includes(Buffer.from('0603551d1e0101ff', 'hex'))).toBe(true);
    expect(authority.raw.includes(Buffer.from('localhost'))).toBe(true);
  });
});
