import { writeSync } from 'node:fs';

/** For `--import` into an instance: at SIGUSR2 the process says on stdout, as a line of its log, what it holds. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  writeSync(
    1,
    `${JSON.stringify({ stage: '0', level: 'info', event: 'Remains', heap: heapUsed, external, handles })}\n`,
  );
});
