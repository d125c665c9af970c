import { type DestinationStream, pino } from 'pino';
import type { EventLog, LogFields } from '../../core/observe/observers.ts';

/** A log that can be emptied at once, before the process ends. */
export interface JsonLog extends EventLog {
  flush(): void;
}

/** Lines are written together, at the latest after 100 ms: one system call for many. The bound is for a reader that hangs. */
const BATCH = { minLength: 16_000, maxLength: 8 * 1024 * 1024, periodicFlush: 100 };

/**
 * One JSON object a line: timestamp, level, event, stage, instance, then the stage's own fields.
 * Lines are written in the background, so that a slow disk does not delay tokens.
 */
export function jsonLog(level: string, instance: string, to?: DestinationStream): JsonLog {
  const destination = pino.destination({ dest: 1, sync: false, ...BATCH });
  // With a full disk, lines beyond the bound are lost and streams continue; waiting lines are tried again with the next batch.
  destination.on('error', () => {});
  const logger = pino(
    {
      level,
      messageKey: 'event',
      base: { instance },
      timestamp: isoTime(),
      formatters: { level: (label) => ({ level: label }) },
    },
    to ?? destination,
  );
  return {
    debug: (stage: string, event: string, fields?: LogFields) => logger.debug({ stage, ...fields }, event),
    info: (stage: string, event: string, fields?: LogFields) => logger.info({ stage, ...fields }, event),
    warn: (stage: string, event: string, fields?: LogFields) => logger.warn({ stage, ...fields }, event),
    error: (stage: string, event: string, fields?: LogFields) => logger.error({ stage, ...fields }, event),
    flush() {
      if (to) return;
      try {
        destination.flushSync();
      } catch {
        // The disk is full: there is no place to report it.
      }
    },
  };
}

/** Formats the date once per second: a date costs as much as the rest of its line. */
function isoTime(): () => string {
  let second = -1;
  let start = '';
  return () => {
    const now = Date.now();
    const milliseconds = now % 1000;
    if (now - milliseconds !== second) {
      second = now - milliseconds;
      start = `,"timestamp":"${new Date(second).toISOString().slice(0, -4)}`;
    }
    return `${start}${String(milliseconds).padStart(3, '0')}Z"`;
  };
}
