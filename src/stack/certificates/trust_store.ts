import { X509Certificate } from 'node:crypto';
import type { MachineAccess } from '../machine/run_command.ts';

/** An authority, as stores know it. */
export interface Authority {
  pem: string;
  /** Its common name, which no other authority of ours has. */
  name: string;
  /** Eight hex digits of its fingerprint, for names of files. */
  id: string;
}

/** A certificate store of this machine. `add` and `remove` reject with a StackError. */
export interface TrustStore {
  /** The programs that read it, such as `Chromium`. */
  readers: string;
  /** Folder or file. */
  place: string;
  /** Undefined where that can not be found out. */
  has(authority: Authority): Promise<boolean | undefined>;
  /** `file` holds the authority's certificate. */
  add(authority: Authority, file: string): Promise<void>;
  remove(authority: Authority): Promise<void>;
}

/** The machine and the account, which decide which stores there are. */
export interface TrustAccess extends MachineAccess {
  /** The user's folder, with the browsers' profiles; undefined leaves browsers out. */
  home: string | undefined;
}

/** The authority in this PEM; throws OpenSSL's error for anything else. */
export function parseAuthority(pem: string): Authority {
  const { subject, fingerprint256 } = new X509Certificate(pem);
  const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
  return { pem, name, id: fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase() };
}
