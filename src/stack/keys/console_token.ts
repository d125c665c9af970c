import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const MIN_LENGTH = 16;

/**
 * The console's token: what it was given, else what stands in the file, else a random one, which is written there so
 * that only this account can read it.
 *
 * @returns `isShared`: programs of this account can know it
 */
export function consoleToken(
  given: string | undefined,
  file: string | undefined,
): { token: string; isShared: boolean } {
  if (file === undefined) return { token: given ?? random(), isShared: given !== undefined };
  const kept = privateContent(file);
  const token = given ?? kept ?? random();
  if (token === kept) return { token, isShared: true };
  try {
    // Its mode is set when it is made: an older file would keep the one it has.
    rmSync(file, { force: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return { token, isShared: true };
  } catch {
    // A container reads it from a place where it can't write.
    return { token, isShared: given !== undefined };
  }
}

/** What only this account could have written, and only it can have read. */
function privateContent(file: string): string | undefined {
  try {
    const { uid, mode } = statSync(file);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return undefined;
    const text = readFileSync(file, 'utf8').trim();
    return text.length >= MIN_LENGTH ? text : undefined;
  } catch {
    return undefined;
  }
}

function random(): string {
  return randomBytes(24).toString('base64url');
}
