import type { WeirError } from '../../formats/error_code.ts';

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
  /** Its answer has begun: from now on nobody else is asked. */
  attemptSucceeded(about: AttemptAbout): void;
  /** @param next what follows: the same provider again, the next target, or the client hears of it */
  attemptFailed(about: AttemptAbout, error: WeirError, next: 'retry' | 'failover' | 'none'): void;
}
