import { copyFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';

// A full disk costs lines, and not the stack.
process.stdout.on('error', () => {});

/** One line of `supervisor.log`, in the shape of the instances' lines. Goes to stdout, which is that file. */
export function eventLine(level: 'info' | 'warn' | 'error', event: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`);
}

/** A log and its one older generation take at most twice this. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;

/**
 * Cuts logs that have grown beyond the bound: the content moves to `<name>.log.1`, the file itself is emptied.
 *
 * Emptied, not renamed: the services hold the file open for appending and go on at its new end, without being asked.
 */
export function boundLogs(folder: string, maxBytes = MAX_LOG_BYTES): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.log')) continue;
    const file = path.join(folder, name);
    if (statSync(file).size <= maxBytes) continue;
    try {
      copyFileSync(file, `${file}.1`);
    } catch {
      // The disk is full: what is left of the copy goes, and the room counts.
      rmSync(`${file}.1`, { force: true });
    }
    truncateSync(file);
  }
}
