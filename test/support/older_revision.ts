import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What a rolling restart may start from: to be moved on with each release, never beyond one that is in use. */
const OLDER_REVISION = '878337ef557fd74a33a77114f46dcee781d4a3e2';

/** The source of an older revision in a folder of its own, with the packages of this checkout. */
export function checkOutOlderRevision(): { root: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-older-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const root = path.join(folder, 'weir');
    mkdirSync(root);
    const archive = execFileSync('git', ['archive', OLDER_REVISION, 'src', 'package.json'], {
      cwd: ROOT,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-x', '-C', root], { input: archive });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    return { root, remove };
  } catch (error) {
    remove();
    const advice =
      'this test needs the history of the repository: "git fetch --unshallow", or a clone that is not shallow';
    throw new Error(`revision ${OLDER_REVISION.slice(0, 7)} can't be read here; ${advice}`, { cause: error });
  }
}
