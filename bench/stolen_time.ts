import { readFileSync } from 'node:fs';

/** Ticks of all cores since the machine started: all of them, and those that its host gave to others (proc(5), `steal`). */
function ticks(): { all: number; stolen: number } {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] as string).split(/\s+/);
  // What guests got is counted in `user` already.
  const counts = fields.slice(0, 8).map(Number);
  return { all: counts.reduce((sum, count) => sum + count, 0), stolen: counts[7] ?? 0 };
}

/**
 * Begins to count. A virtual machine that is stolen from stands still for milliseconds, which no program on it can
 * help: times are to be read beside this share; CPU figures suffer little.
 * @returns ends the count, as a sentence
 */
export function countStolenTime(): () => string {
  const before = ticks();
  return () => {
    const now = ticks();
    const share = (100 * (now.stolen - before.stolen)) / (now.all - before.all);
    return `Meanwhile the host took ${share.toFixed(0)} % of this machine's CPU time for others.`;
  };
}
