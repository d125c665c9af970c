import undici from 'undici/package.json' with { type: 'json' };
import { allowSmallReads } from '../adapters/providers/small_reads.ts';
import { trySmallReads } from '../adapters/providers/try_small_reads.ts';
import type { EventLog } from '../core/observe/observers.ts';
import { allowDirectWrites, forbidDirectWrites } from './http/direct_write.ts';
import { tryDirectWrites } from './http/try_direct_writes.ts';

/** The major versions of Node, and the one of undici, with which direct writes and small reads were tested. */
export const TESTED: { node: readonly number[]; undici: string } = { node: [26], undici: '8.12.4' };

/** A trial takes milliseconds, on a machine that starves a second; one that does not end by then never does. */
const TRIAL_MS = 20_000;

/**
 * Direct writes and small reads use what Node and undici do not promise. They are used where WEIR_PLAIN_IO does not
 * forbid it, with versions that were tested, and when a trial on real sockets has gone well; elsewhere sockets are
 * written to and read as Node does it, which costs more and does the same.
 * @param forbidden by the operator
 */
export async function chooseIo(forbidden: boolean, log: EventLog): Promise<void> {
  forbidDirectWrites();
  allowSmallReads(false);
  const reason = forbidden ? 'WEIR_PLAIN_IO=1' : (untested(process.versions.node, undici.version) ?? (await tryBoth()));
  if (reason === undefined) return;
  forbidDirectWrites();
  allowSmallReads(false);
  log.info('0', 'Plain input and output: a token costs more CPU, and nothing else changes', { reason });
}

/** @returns which version was not tested, as a sentence */
export function untested(node: string, undiciVersion: string): string | undefined {
  if (!TESTED.node.includes(Number.parseInt(node, 10))) return `not tested with Node ${node}`;
  if (undiciVersion !== TESTED.undici) return `not tested with undici ${undiciVersion}`;
  return undefined;
}

/** @returns what went wrong; nothing when both may be used */
async function tryBoth(): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  try {
    allowDirectWrites();
    allowSmallReads(true);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('a trial did not end')), TRIAL_MS);
    });
    await Promise.race([Promise.all([tryDirectWrites(), trySmallReads(TRIAL_MS)]), late]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
