import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';

/** The console's token: what it was given, else a random one, kept in a file that only this account can read. */
export function consoleToken(given: string | undefined, file: string | undefined): string {
  const token = given ?? randomBytes(24).toString('base64url');
  if (file !== undefined) {
    // Its mode is set when it is made: an older file would keep the one it has.
    rmSync(file, { force: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
  }
  return token;
}
