import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

it('three thousand short streams, a third of them left, leave nothing behind', async () => {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['test/leaks/main.ts', '--streams', '3000'], (error, stdout, stderr) =>
      resolve(`${stdout}${stderr}exit ${error?.code ?? 0}`),
    );
  });
  expect(output).toMatch(/nothing leaks\nexit 0$/);
}, 120_000);
