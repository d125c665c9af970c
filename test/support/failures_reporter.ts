import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';
import type { TestFailure, TestTally } from '../../src/cli/test_tally.ts';

const messages = (errors: readonly SerializedError[] | undefined) => (errors ?? []).map(({ message }) => message);

/** Of a file: its failed tests; suites whose hooks failed; and itself, if it could not be run or did not finish. */
function failuresOf(module: TestModule, root: string): TestFailure[] {
  const file = path.relative(root, module.moduleId);
  const failures: TestFailure[] = messages(module.errors()).map((message) => ({ file, message }));
  for (const suite of module.children.allSuites()) {
    for (const message of messages(suite.errors())) failures.push({ file, test: suite.fullName, message });
  }
  for (const test of module.children.allTests('failed')) {
    const [message = 'failed without a message'] = messages(test.result().errors);
    failures.push({ file, test: test.fullName, message });
  }
  const hasEnded = !['pending', 'queued'].includes(module.state());
  if (failures.length === 0 && !hasEnded) failures.push({ file, message: 'did not run to its end' });
  return failures;
}

/** Writes a {@link TestTally} to vitest's `--outputFile`. Vitest's own JSON lacks the errors outside all tests. */
export default class FailuresReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const { outputFile, root } = this.#vitest!.config;
    if (typeof outputFile !== 'string') throw new Error('--outputFile names the file of the failures');
    const tally: TestTally = {
      passed: modules.reduce((sum, module) => sum + [...module.children.allTests('passed')].length, 0),
      failures: [
        ...modules.flatMap((module) => failuresOf(module, root)),
        ...messages(unhandled).map((message) => ({ message: `unhandled error: ${message}` })),
      ],
    };
    writeFileSync(outputFile, JSON.stringify(tally));
  }
}
