import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file that was named for the report can't be written; `message` says so in a sentence. */
export class Unwritable extends Error {
  constructor(file: string, reason: string) {
    super(`The report can not be written to ${file} (${reason}); choose another file.`);
  }
}

/** Noticed before the run, not after it. @throws Unwritable */
export async function mustBeWritable(file: string): Promise<void> {
  const folder = path.dirname(file);
  const [found, around] = await Promise.all([file, folder].map((each) => stat(each).catch(() => undefined)));
  if (found?.isDirectory()) throw new Unwritable(file, 'it is a folder');
  if (!found && !around?.isDirectory()) throw new Unwritable(file, `there is no folder ${folder}`);
  await access(found ? file : folder, constants.W_OK).catch((error: Error) => {
    throw new Unwritable(file, error.message);
  });
}

/** @throws Unwritable */
export async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: Error) => {
    throw new Unwritable(file, error.message);
  });
}
