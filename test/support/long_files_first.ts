import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that mostly wait, for minutes: the others run beside them, where at the end they would run by themselves. */
const LONG = ['test/real/soak.test.ts'];

/** Vitest's own order, which takes big files first, with the long ones before them. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = (file: TestSpecification) => LONG.some((name) => file.moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
