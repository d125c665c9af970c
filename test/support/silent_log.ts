import type { EventLog } from '../../src/core/observe/observers.ts';

/** A log for tests that read none. */
export const silentLog: EventLog = { debug() {}, info() {}, warn() {}, error() {} };
