import type { EventLog } from '../core/observe/observers.ts';

interface LeavingProcess {
  /** Ends what runs, in order. */
  drain(): Promise<void>;
  /** Of the process; nothing happens after it. */
  exit(code: number): void;
  log: EventLog;
}

/** How a process ends: with a drain on a signal or an unexpected error; at once on a second signal. */
export function leaveWith({ drain, exit, log }: LeavingProcess) {
  let asked = 0;
  let code = 0;
  let leaving = false;
  async function leave(): Promise<void> {
    if (leaving) return;
    leaving = true;
    try {
      await drain();
    } catch (error) {
      code = 1;
      log.error('0', 'The drain failed', { reason: reasonOf(error) });
    }
    exit(code);
  }
  return {
    /** On a signal. */
    ask(): void {
      asked += 1;
      if (asked > 1) exit(code || 1);
      else void leave();
    },
    /** On an error that was not caught. If the process is leaving already, that continues. */
    unexpected(error: unknown): void {
      const event = leaving ? 'Unexpected error: the drain goes on' : 'Unexpected error: draining, then exit';
      log.error('0', event, { reason: reasonOf(error) });
      code = 1;
      void leave();
    },
  };
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error ? error.stack : error;
}
