import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../json_file.ts';
import { StackError } from '../stack_error.ts';
import { browserStores, hasDatabase, nssStore } from './browser_stores.ts';
import type { CertificateFiles } from './inspect_certificate.ts';
import { systemStore } from './system_store.ts';
import { type Authority, parseAuthority, type TrustAccess, type TrustStore } from './trust_store.ts';

/** What `trustAuthority` did, for `untrustAuthority`: where it put which certificate. */
type TrustRecord = { readers: string; place: string; pem: string }[];

/** Result for one store. */
export interface TrustResult {
  readers: string;
  place: string;
  done: 'added' | 'removed' | 'unchanged' | 'failed';
  /** With `failed`: why, and what to do. */
  problem?: string;
}

const recordFile = (files: CertificateFiles) => path.join(path.dirname(files.authority), 'trusted.json');

function readRecord(files: CertificateFiles): TrustRecord {
  return (readJsonFile(recordFile(files)) as TrustRecord | undefined) ?? [];
}

function writeRecord(files: CertificateFiles, record: TrustRecord): void {
  if (record.length === 0) rmSync(recordFile(files), { force: true });
  else writeJsonFile(recordFile(files), record);
}

function readAuthority(file: string): Authority {
  try {
    return parseAuthority(readFileSync(file, 'utf8'));
  } catch {
    const fix = 'trust your own certificate where you made it, or move it away and run ./weir certs renew';
    throw new StackError(`there is no authority at ${file}`, fix);
  }
}

function stores(access: TrustAccess): TrustStore[] {
  const system = systemStore(access);
  return [...(system ? [system] : []), ...browserStores(access)];
}

async function attempt({ readers, place }: TrustStore, work: () => Promise<TrustResult['done']>): Promise<TrustResult> {
  try {
    return { readers, place, done: await work() };
  } catch (error) {
    return { readers, place, done: 'failed', problem: (error as Error).message };
  }
}

/** The stores of this machine, and whether they hold this authority. Throws when there is no authority. */
export async function trustedWhere(files: CertificateFiles, access: TrustAccess) {
  const authority = readAuthority(files.authority);
  return Promise.all(
    stores(access).map(async (store) => {
      return { readers: store.readers, place: store.place, trusted: await store.has(authority) };
    }),
  );
}

/**
 * Adds the authority to the system's store and the browsers' databases, and records where. An older authority of this
 * stack is removed first. A store that can not be changed is a result, not an error.
 *
 * Throws a {@link StackError} when there is no authority.
 */
export async function trustAuthority(files: CertificateFiles, access: TrustAccess): Promise<TrustResult[]> {
  const authority = readAuthority(files.authority);
  if (readRecord(files).some(({ pem }) => pem !== authority.pem)) await untrustAuthority(files, access, authority.pem);
  const results: TrustResult[] = [];
  for (const store of stores(access)) {
    const result = await attempt(store, async () => {
      if (await store.has(authority)) return 'unchanged';
      await store.add(authority, files.authority);
      writeRecord(files, [...readRecord(files), { readers: store.readers, place: store.place, pem: authority.pem }]);
      return 'added';
    });
    results.push(result);
  }
  return results;
}

/** Removes what {@link trustAuthority} added, and nothing else; entries of `except` stay. */
export async function untrustAuthority(
  files: CertificateFiles,
  access: TrustAccess,
  except?: string,
): Promise<TrustResult[]> {
  const results: TrustResult[] = [];
  const present = stores(access);
  for (const entry of readRecord(files).filter(({ pem }) => pem !== except)) {
    const { readers, place } = entry;
    // Another account's home: its database is still where it was.
    const elsewhere = () => (hasDatabase(place) ? nssStore(readers, place, access) : undefined);
    const store = present.find((candidate) => candidate.place === place) ?? elsewhere();
    const authority = parseAuthority(entry.pem);
    const forget = () => {
      const left = readRecord(files).filter((other) => other.place !== place || other.pem !== entry.pem);
      writeRecord(files, left);
    };
    // The profile is gone, and its database with it.
    if (!store) {
      forget();
      continue;
    }
    const result = await attempt(store, async () => {
      const isThere = (await store.has(authority)) !== false;
      if (isThere) await store.remove(authority);
      forget();
      return isThere ? 'removed' : 'unchanged';
    });
    results.push(result);
  }
  return results;
}
