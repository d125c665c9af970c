import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * Makes a secret in a file where there is none yet. Whoever can see its folder can read it: in Compose that is a volume
 * which only those containers have that need it, and they may run under several accounts.
 */
export function keepSecret(file: string): void {
  if (existsSync(file)) return;
  const draft = `${file}.new`;
  writeFileSync(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o644 });
  renameSync(draft, file);
}

/** What {@link keepSecret} has made there; empty before that. */
export function keptSecret(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
