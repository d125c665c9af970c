import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

/** Thirty thousand are among the long forms. */
it('fifteen hundred short streams, a third of them left, leave nothing behind', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['test/leaks/main.ts', '--streams', '1500'], (error, stdout, stderr) =>
      resolve(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    );
  });
  expect(output).toMatch(/nothing leaks\nexit 0$/);
}, 120_000);
