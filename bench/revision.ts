import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Puts a revision of this repository into a folder, with its own node_modules: this tree's where the lock is the same.
 * @param folder must not exist yet
 * @returns takes the folder away again
 */
export function checkOutRevision(revision: string, folder: string): () => void {
  const git = (...args: string[]) => execFileSync('git', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  git('worktree', 'prune');
  git('worktree', 'add', '--detach', folder, revision);
  const remove = () => git('worktree', 'remove', '--force', folder);
  try {
    const lock = 'package-lock.json';
    if (readFileSync(lock, 'utf8') === readFileSync(join(folder, lock), 'utf8')) {
      symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    } else {
      const args = ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    }
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}
