import type { EventLog } from '../../../core/observe/event_log.ts';

/** Redis' own words for what passes, or is mended on its side; in scripts they may stand in the middle. */
const PASSING =
  /\b(OOM|NOAUTH|WRONGPASS|NOPERM|READONLY|MISCONF|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOREPLICAS)\b|max number of clients/;

/** Different mistakes that are told; messages may hold what differs each time. */
const MAX_TOLD = 100;

/**
 * Whether a failed command says that Redis is away or will not serve now. What else Redis refuses (a script that
 * breaks off, a key of another type) and JavaScript's own errors are mistakes in this program.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return PASSING.test(error.message);
  return ![TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** Tells each mistake once, however often it is met. */
export function mistakeLog(log: EventLog, event: string) {
  const told = new Set<string>();
  return (error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (told.has(reason) || told.size === MAX_TOLD) return;
    told.add(reason);
    log.error('0', event, { reason });
  };
}
