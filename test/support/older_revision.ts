import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * What a rolling restart may start from: the instance of revision 878337e. It is kept as a file, because a shallow clone
 * does not have it in its history. To move on, with each release:
 * `git archive REV src/adapters src/core src/formats src/gateway src/config package.json | gzip -9n`.
 */
const OLDER_REVISION = path.join(import.meta.dirname, 'older_revision.tar.gz');

/** The source of an older revision in a folder of its own, with the packages of this checkout. */
export function checkOutOlderRevision(): { root: string; remove: () => void } {
  const root = mkdtempSync(path.join(tmpdir(), 'weir-older-'));
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    execFileSync('tar', ['-xzf', OLDER_REVISION, '-C', root]);
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    return { root, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
