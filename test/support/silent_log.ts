import type { EventLog } from '../../src/core/observe/event_log.ts';

/** A log for tests that read none. */
export const silentLog: EventLog = { debug() {}, info() {}, warn() {}, error() {} };
