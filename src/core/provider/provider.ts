import type { WeirError } from '../../formats/error_code.ts';
import type { ReportedUsage } from '../../formats/reported_usage.ts';
import type { StreamRequest } from '../../formats/weir/stream_request.ts';
import type { TraceContext } from '../observe/stream_span.ts';

/** How an answer ended in the provider's own words. */
export interface AnswerEnd {
  finishReason: string | null;
  /** Absent where the provider reports none. */
  usage?: ReportedUsage;
}

/** Takes an answer as it comes. Exactly one of `end` and `fail` is called, once, last. */
export interface AnswerConsumer {
  /** Never empty. @returns false when full: send nothing more until {@link Answer.resume} */
  content(text: string): boolean;
  /** The answer has begun with something that is no text: reasoning, a tool call. Called before the first text, if at all. */
  begun?(): void;
  end(end: AnswerEnd): void;
  fail(error: WeirError): void;
}

/** An answer whose provider has sent its head. Nothing flows before `start`. */
export interface Answer {
  start(consumer: AnswerConsumer): void;
  resume(): void;
}

/**
 * Keeps the name under which the provider runs an answer, for whoever has to go on with it. Resolves when it is kept, or
 * when waiting for that is of no use; never rejects.
 */
export type KeepRun = (run: string) => Promise<void>;

/** A source of answers. */
export interface Provider {
  readonly name: string;
  /** Names to offer; `anyModel` says that others are taken too. */
  readonly models: readonly string[];
  readonly anyModel: boolean;
  /** Why it can't be used now, in one sentence; undefined when it can. */
  unusable(): string | undefined;
  /**
   * Asks the provider and waits for its head. Aborting `signal` cancels the call at any time, also before the head,
   * and also after `start`; the consumer then hears nothing more. Aborting it with `producer_lost` says that another
   * instance goes on with the answer: what runs at the provider by itself is left running.
   * @param keepRun given where another instance may have to go on with the answer. A provider that runs answers by
   * itself, under a name, gives no text on before this has resolved
   * @param trace sent along, so that the provider's own spans are a part of the same trace
   * @throws WeirError upstream_error, upstream_timeout, upstream_rate_limited; the signal's reason
   */
  open(request: StreamRequest, signal: AbortSignal, keepRun?: KeepRun, trace?: TraceContext): Promise<Answer>;
  /**
   * Goes on with an answer to `request` of which `delivered` was said, exactly where it stopped. Absent where the
   * provider can't: another try would be another answer.
   * @param run what `keepRun` was given for that answer
   * @throws WeirError producer_lost, and what `open` throws
   */
  continueFrom?(
    request: StreamRequest,
    delivered: readonly string[],
    signal: AbortSignal,
    run: string | undefined,
    trace?: TraceContext,
  ): Promise<Answer>;
  /** Ends what `keepRun` was given a name for: nobody will go on with it. */
  dropRun?(run: string): void;
}
