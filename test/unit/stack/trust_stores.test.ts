import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserStores } from '../../../src/stack/certificates/browser_stores.ts';
import { ensureCertificates } from '../../../src/stack/certificates/ensure_certificates.ts';
import { certificateFiles } from '../../../src/stack/certificates/inspect_certificate.ts';
import { issueAuthority } from '../../../src/stack/certificates/issue_certificates.ts';
import { systemStore } from '../../../src/stack/certificates/system_store.ts';
import { trustAuthority } from '../../../src/stack/certificates/trust_authority.ts';
import { type Authority, parseAuthority } from '../../../src/stack/certificates/trust_store.ts';

let folder: string;
let authority: Authority;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-trust-'));
  authority = parseAuthority((await issueAuthority()).certificate);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string) => writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });

describe('an account without rights', () => {
  const access = () => ({ searchPath: folder, uid: 1000, home: folder });

  it('is given the command that changes the system store', async () => {
    program('update-ca-certificates');
    const store = systemStore(access())!;
    const kept = `/usr/local/share/ca-certificates/weir-${authority.id}.crt`;
    await expect(store.add(authority, '/a/ca.crt')).rejects.toThrow(
      `needs root; run "sudo install -D -m 644 /a/ca.crt ${kept} && sudo update-ca-certificates".`,
    );
    await expect(store.remove(authority)).rejects.toThrow(`sudo rm ${kept} && sudo update-ca-certificates --fresh`);
  });

  it('hears what is missing for the browsers', async () => {
    program('chromium');
    const [store] = browserStores(access());
    expect(store).toMatchObject({ readers: 'Chromium', place: path.join(folder, '.pki/nssdb') });
    await expect(store!.add(authority, '/a/ca.crt')).rejects.toThrow(
      'libnss3-tools is missing; install it (for example: sudo apt-get install libnss3-tools), then run this again.',
    );
  });

  it('has no stores where there are no programs that read them', () => {
    expect(systemStore(access())).toBeUndefined();
    expect(browserStores(access())).toEqual([]);
  });
});

describe('parseAuthority', () => {
  it('reads the name, which differs between two authorities', () => {
    expect(authority.name).toMatch(/^Weir local authority [0-9a-f]{6}$/);
    expect(authority.id).toMatch(/^[0-9a-f]{8}$/);
    expect(() => parseAuthority('nonsense')).toThrow();
  });
});

describe("a certificate of the user's own", () => {
  it('is not replaced by an attempt to trust an authority that is not there', async () => {
    const files = certificateFiles(folder);
    await ensureCertificates(files);
    rmSync(files.authority);
    rmSync(files.authorityKey);
    const before = readFileSync(files.certificate, 'utf8');
    expect(await ensureCertificates(files)).toBeUndefined();
    const access = { searchPath: folder, uid: 1000, home: folder };
    await expect(trustAuthority(files, access)).rejects.toThrow(/there is no authority at .*ca\.crt; trust your own/);
    expect(readFileSync(files.certificate, 'utf8')).toBe(before);
  });
});
