import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Full path of an executable, looked for in `searchPath` (as in PATH); undefined where there is none. */
export function findCommand(name: string, searchPath: string): string | undefined {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {}
  }
  return undefined;
}
