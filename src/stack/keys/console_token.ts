import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const MIN_LENGTH = 16;

/**
 * The console's token: the given one, else the one in the file, else a random one, which is written to the file so that
 * only this account can read it.
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
    // The mode is set on creation only: an existing file would keep its own.
    rmSync(file, { force: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return { token, isShared: true };
  } catch {
    // A container reads it from a folder that it can not write to.
    return { token, isShared: given !== undefined };
  }
}

/** The content, if only this account could write and read the file. */
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
