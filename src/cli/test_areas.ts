import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Folders of test/, each a project of vitest; the first wants no program but Node.js. */
export const PROJECTS = ['unit', 'real', 'browser', 'alone'] as const;

const ENDING = '.test.ts';

/** Test files below `root`, as paths from there: `test/real/keys.test.ts`. */
export function listTestFiles(root: string): string[] {
  return readdirSync(path.join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ENDING))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** What lies in test/ itself is a unit test. */
function folders(file: string): string[] {
  const between = file.split('/').slice(1, -1);
  return between.length > 0 ? between : ['unit'];
}
const stem = (file: string) => path.posix.basename(file, ENDING);

/** What `./weir test NAME` offers: projects, folders of unit tests, and the first words of other files' names. */
export function testAreas(files: readonly string[]): string[] {
  const words = files.filter((file) => folders(file)[0] !== 'unit').map((file) => stem(file).split('_')[0]!);
  return [...new Set([...PROJECTS, ...files.flatMap(folders), ...words.sort()])];
}

/**
 * The files of an area: a project's; else those below a folder of that name, and those with it as a word of their names;
 * else those with it anywhere in their names; else the one of that path.
 */
export function filesOf(area: string, files: readonly string[]): string[] {
  const isProject = (PROJECTS as readonly string[]).includes(area);
  const hasWord = (file: string) => !isProject && stem(file).split('_').includes(area);
  const ways: ((file: string) => boolean)[] = [
    (file) => folders(file).includes(area) || hasWord(file),
    (file) => stem(file).includes(area),
    (file) => file === area.replace(/^\.\//, ''),
  ];
  return ways.map((isMeant) => files.filter(isMeant)).find((found) => found.length > 0) ?? [];
}
