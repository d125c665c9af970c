import path from 'node:path';

/** What the name of each authority of Weir's begins with: the mark of what Weir made, and may replace. */
export const AUTHORITY_NAME = 'Weir local authority';

/** Where the certificate, its key and the authority that signed it lie. */
export interface CertificateFiles {
  /** Leaf for localhost, followed by the authority: what NGINX presents. */
  certificate: string;
  key: string;
  /** The local authority's certificate: what clients trust. */
  authority: string;
  /** The authority's key, needed to renew the leaf without asking every client to trust anew. */
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
