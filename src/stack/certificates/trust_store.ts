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

/** A place where programs of this machine look up whom they trust. `add` and `remove` reject with a StackError. */
export interface TrustStore {
  /** Who looks there, such as `Chromium`. */
  readers: string;
  /** Folder or file. */
  place: string;
  /** Undefined where it can't be told. */
  has(authority: Authority): Promise<boolean | undefined>;
  /** `file` holds the authority's certificate. */
  add(authority: Authority, file: string): Promise<void>;
  remove(authority: Authority): Promise<void>;
}

/** What of the machine and the account decides which stores there are. */
export interface TrustAccess extends MachineAccess {
  /** The user's folder, with the browsers' profiles; undefined leaves browsers out. */
  home: string | undefined;
}

/** The authority in this PEM; throws OpenSSL's error when it is none. */
export function parseAuthority(pem: string): Authority {
  const { subject, fingerprint256 } = new X509Certificate(pem);
  const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
  return { pem, name, id: fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase() };
}
