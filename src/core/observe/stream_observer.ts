import type { ErrorCode } from '../../formats/error_code.ts';

/** How a stream that was admitted ended: `ok`, or the code of what ended it. */
export type Outcome = 'ok' | ErrorCode;

/** What is counted. Only {@link StreamObserver.gap} is called per token; times are milliseconds. */
export interface StreamObserver {
  opened(): void;
  /** Time from the request to the first piece of content. */
  firstToken(ms: number): void;
  /** Time between two pieces of content. */
  gap(ms: number): void;
  closed(outcome: Outcome, provider: string, ms: number): void;
  refused(code: ErrorCode): void;
  /** A dead instance's stream goes on here. */
  tookOver(): void;
  /** A resumable stream has been told that it is not, for a time or at all, because its log did not answer. */
  wentUnlogged(): void;
}
