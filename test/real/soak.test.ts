import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

/** Two minutes of it are among the long forms. */
it('twelve seconds of soak lose nothing and leave nothing behind', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      ['test/soak/main.ts', '--minutes', '0.2', '--scope', 'cluster'],
      (error, stdout, stderr) => resolve(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    );
  });
  expect(output).toMatch(/nothing was lost, and nothing is left\nexit 0$/);
}, 240_000);
