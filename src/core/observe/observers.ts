import type { ErrorCode, WeirError } from '../../formats/error_code.ts';

/** Where an answer came from: kept from before, asked for this request, or for an equal one that runs already. */
export type CacheKind = 'hit' | 'miss' | 'shared';

/** What is counted of routes that keep answers. */
export interface CacheObserver {
  /** One more request of such a route. */
  cached(kind: CacheKind): void;
}

/** One try at one provider. */
export interface AttemptAbout {
  threadId: string;
  provider: string;
  /** As that provider calls it. */
  model: string;
  /** From 1, over all targets of the route. */
  attempt: number;
}

/** What happens before an answer has begun; never called per token. */
export interface RoutingObserver {
  attemptStarted(about: AttemptAbout): void;
  /** Its answer has begun: from now on no other target is asked. */
  attemptSucceeded(about: AttemptAbout): void;
  /** @param next what follows: the same provider again, the next target, or the client hears of it */
  attemptFailed(about: AttemptAbout, error: WeirError, next: 'retry' | 'failover' | 'none'): void;
}

/** What is counted of slots that several instances share. */
export interface SlotObserver {
  /** A stream that ran here lost its slot. */
  slotLost(): void;
  /** A request was granted or refused without asking, because what should be asked does not answer. */
  decidedStatically(): void;
}

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
  /** A resumable stream is not resumable now, because its log did not answer; its client was notified. */
  wentUnlogged(): void;
}

/** Fields of a line; never prompts, answers or keys. */
export type LogFields = Record<string, unknown>;

/** One line an event, under the stage it belongs to (`CP.1`, `5.2` …). */
export interface EventLog {
  debug(stage: string, event: string, fields?: LogFields): void;
  info(stage: string, event: string, fields?: LogFields): void;
  warn(stage: string, event: string, fields?: LogFields): void;
  error(stage: string, event: string, fields?: LogFields): void;
}
