import { copyFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

// With a full disk log lines are lost, but the stack runs on.
process.stdout.on('error', () => {});

/** Writes one line of `supervisor.log`, in the form of the instances' lines, to stdout, which is that file. */
export function eventLine(level: 'info' | 'warn' | 'error', event: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`);
}

/** A log and its one older generation take at most twice this. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/**
 * Cuts logs that have grown beyond the bound: the content moves to `<name>.log.1`, the file itself is emptied.
 *
 * Emptied, not renamed: the services have the file open for appending and continue at its new end by themselves.
 */
export function boundLogs(folder: string, maxBytes = MAX_LOG_BYTES): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.log')) continue;
    const file = path.join(folder, name);
    if (statSync(file).size <= maxBytes) continue;
    try {
      copyFileSync(file, `${file}.1`);
    } catch {
      // The disk is full: the incomplete copy is removed, because free space matters more.
      rmSync(`${file}.1`, { force: true });
    }
    truncateSync(file);
  }
}
