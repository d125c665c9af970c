import { WeirError } from '../../formats/error_code.ts';
import type { NoticeEvent } from '../../formats/weir/stream_event.ts';
import type { AttemptAbout, EventLog, RoutingObserver } from '../observe/observers.ts';
import type { SpanTarget, StreamSpan } from '../observe/stream_span.ts';
import type { TimerWheel } from '../time/timer_wheel.ts';
import {
  failureKind,
  failureReason,
  hasMore,
  isAboutKey,
  isLeft,
  type Left,
  mayAskOtherKey,
  nextStep,
  retryDelay,
  tooSilent,
} from './attempt_failure.ts';
import { isOtherKey, type RouteTarget, type SelectedRoute } from './selected_route.ts';

/** Tries at one target. */
const TRIES = 3;
/** All waits for another try at the same target together; a longer Retry-After is the client's to wait for … */
const WAIT_MS = 5_000;
/** … and where another target is left, it answers sooner. */
const WAIT_BESIDE_OTHERS_MS = 1_000;
/** Where another target is left, one that was given no limit of its own has this long to say something. */
const FIRST_TOKEN_MS = 60_000;
/** No other target is asked later than this after the request. */
const OPENING_MS = 120_000;

/** What every opening needs of its instance. */
export interface OpeningTools {
  wheel: TimerWheel;
  log: EventLog;
  observer: RoutingObserver;
  /** 0 to 1, without 1. */
  random: () => number;
}

export interface OpeningOrder<Answer> {
  route: SelectedRoute;
  /** Whether an answer begins with its first content only; limits for that then hold. */
  held: boolean;
  threadId: string;
  /** The client. */
  userId: string;
  /** Of the whole request. */
  signal: AbortSignal;
  /** Undefined where traces are off. */
  span: StreamSpan | undefined;
  /**
   * Asks one target. `onHead` is called when it has sent its head; the promise resolves when its answer has begun, which
   * with `held` is its first content. What it has begun it ends when it fails, or when `signal` is aborted.
   */
  ask(target: RouteTarget, signal: AbortSignal, onHead: () => void): Promise<Answer>;
  /** Makes what a target would be asked. @throws WeirError where the request can't be said to it: then it is not asked */
  prepare(target: RouteTarget): void;
  /** Called before another target than the first is asked. */
  onMove?: (target: RouteTarget) => Promise<void>;
}

/**
 * One request on its way along a route: tries again, goes on to the next target, and ends with one answer, or with the
 * last failure. All of it before anything was said: once an answer has begun, no other target is asked.
 */
export class RouteOpening<Answer> {
  /** Resolves when some target has sent its head, rejects as `answer` does. */
  readonly head: Promise<void>;
  readonly answer: Promise<Answer>;
  readonly #order: OpeningOrder<Answer>;
  readonly #tools: OpeningTools;
  readonly #onHead: () => void;
  readonly #startedAt = performance.now();
  readonly #prepared = new Map<RouteTarget, WeirError | undefined>();
  #target: RouteTarget;
  #attempt = 0;
  #waited = 0;

  constructor(order: OpeningOrder<Answer>, tools: OpeningTools) {
    this.#order = order;
    this.#tools = tools;
    this.#target = order.route.targets[0];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.head = promise;
    this.#onHead = resolve;
    this.answer = this.#open();
    this.answer.then(() => resolve(), reject);
    // A caller that waits for one of them need not wait for the other.
    promise.catch(() => {});
  }

  /** The target that is asked now, or has answered. */
  get target(): RouteTarget {
    return this.#target;
  }

  async #open(): Promise<Answer> {
    const { targets } = this.#order.route;
    let last: unknown;
    for (let at = 0; at < targets.length; ) {
      const here = at;
      const target = targets[here] as RouteTarget;
      at += 1;
      if (this.#unsaid(target)) continue;
      // Where nothing else is left, and nothing was asked, its circuit says why.
      if (here > 0 && this.#isBlocked(target) && (last !== undefined || hasMore(this.#left(here, true)))) continue;
      if (here > 0 && !(await this.#moveTo(target))) continue;
      try {
        return await this.#askRepeatedly(target, here);
      } catch (error) {
        last = error;
        if (!(error instanceof WeirError) || this.#order.signal.aborted) throw error;
        if (failureKind(error) === 'final') throw error;
        const left = this.#left(here, true);
        if (!isLeft(left, error)) throw error;
        // What is no matter of the key happens with the other keys, too.
        if (!mayAskOtherKey(error)) at = left.next;
      }
    }
    // What a provider failed with may go away; that the others can't be asked does not.
    throw last ?? this.#unsaid(targets[0]);
  }

  /** Why the request can't be said to a target; looked at when the target's turn comes, as it may cost a translation. */
  #unsaid(target: RouteTarget): WeirError | undefined {
    if (this.#prepared.has(target)) return this.#prepared.get(target);
    const reason = this.#reasonNot(target);
    this.#prepared.set(target, reason);
    if (reason) {
      const { provider, model } = target;
      const facts = { provider, model, reason: reason.code };
      this.#tools.log.info('4', 'Target cannot be asked this', { thread_id: this.#order.threadId, ...facts });
      this.#order.span?.event('passed_over', facts);
    }
    return reason;
  }

  #reasonNot(target: RouteTarget): WeirError | undefined {
    try {
      this.#order.prepare(target);
      return undefined;
    } catch (error) {
      if (error instanceof WeirError) return error;
      throw error;
    }
  }

  /** What could be asked if the target at this place fails. @param surely whether it also has to be said there */
  #left(at: number, surely: boolean): Left {
    const { targets } = this.#order.route;
    const isOpen = (other: RouteTarget) => !this.#isBlocked(other) && !(surely && this.#unsaid(other));
    let next = at + 1;
    while (next < targets.length && isOtherKey(targets[at] as RouteTarget, targets[next] as RouteTarget)) next += 1;
    return { next, keys: targets.slice(at + 1, next).some(isOpen), targets: targets.slice(next).some(isOpen) };
  }

  /** @returns false where it is not to be asked */
  async #moveTo(target: RouteTarget): Promise<boolean> {
    if (performance.now() - this.#startedAt > OPENING_MS) return false;
    await this.#order.onMove?.(target);
    this.#order.signal.throwIfAborted();
    this.#target = target;
    return true;
  }

  /** Whether its circuit is open. */
  #isBlocked({ breaker }: RouteTarget): boolean {
    return breaker !== undefined && breaker.blockedMs(this.#order.userId) > 0;
  }

  async #askRepeatedly(target: RouteTarget, at: number): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      this.#attempt += 1;
      const { threadId, userId, signal } = this.#order;
      const { provider, model } = target;
      const about: AttemptAbout = { threadId, provider, model, attempt: this.#attempt };
      this.#tools.observer.attemptStarted(about);
      try {
        const work = () => this.#ask(target, at);
        const answer = await (target.breaker ? target.breaker.run(provider, userId, work) : work());
        this.#tools.observer.attemptSucceeded(about);
        if (target.credential?.accepted()) this.#tools.log.info('4', 'Provider takes the key again', { provider });
        return answer;
      } catch (error) {
        if (!(error instanceof WeirError)) throw error;
        if (target.credential?.failed(error)) this.#reportKey(about, error, target.credential.place);
        const isOver = signal.aborted || failureKind(error) === 'final';
        const left = this.#left(at, !isOver);
        const delay = signal.aborted ? undefined : this.#delay(error, tries, left, target);
        const next = signal.aborted ? 'none' : nextStep(error, delay, left);
        this.#tools.observer.attemptFailed(about, error, next);
        if (next !== 'none') this.#report(about, error, next);
        if (delay === undefined) throw error;
        this.#waited += delay;
        await this.#pause(delay);
      }
    }
  }

  /** Milliseconds until the same target is asked again; undefined where it is not. */
  #delay(error: WeirError, tries: number, left: Left, target: RouteTarget): number | undefined {
    if (failureKind(error) !== 'retry' || tries === TRIES) return undefined;
    if (left.keys && isAboutKey(error)) return undefined;
    if (this.#isBlocked(target)) return undefined;
    const delay = retryDelay(tries, error.retryAfter, this.#tools.random());
    const limit = left.targets ? WAIT_BESIDE_OTHERS_MS : WAIT_MS;
    const tooLate = performance.now() - this.#startedAt + delay > OPENING_MS;
    return this.#waited + delay > limit || tooLate ? undefined : delay;
  }

  /** One try; with a limit for its first content where the answer is held back for that. */
  async #ask(target: RouteTarget, at: number): Promise<Answer> {
    const { ask, signal, held } = this.#order;
    if (!held) return ask(target, signal, this.#onHead);
    // AbortSignal.any would be kept for ever, with all that listens to it, as long as something does.
    const own = new AbortController();
    const onAbort = () => own.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    const limit = target.firstTokenMs ?? (this.#left(at, false).targets ? FIRST_TOKEN_MS : undefined);
    const timer = this.#tools.wheel.timer(() => this.#endSilent(own, target, at, limit ?? 0));
    if (limit !== undefined) timer.arm(limit);
    try {
      return await ask(target, own.signal, this.#onHead);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      // Whatever is left of it must not go on beside the next one.
      own.abort(error);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** A target without a limit of its own goes on where no other can be asked: only now that has to be known. */
  #endSilent(own: AbortController, { provider, firstTokenMs }: RouteTarget, at: number, limitMs: number): void {
    try {
      if (firstTokenMs !== undefined || this.#left(at, true).targets) own.abort(tooSilent(provider, limitMs));
    } catch (error) {
      own.abort(error);
    }
  }

  /** Once, and not with every request. */
  #reportKey({ threadId, provider }: AttemptAbout, error: WeirError, place: string): void {
    const { status } = error.details;
    this.#tools.log.warn('4', 'Provider refuses the key of this deployment', {
      thread_id: threadId,
      provider,
      status,
      fix: `check ${place}`,
    });
  }

  #report({ threadId, ...about }: AttemptAbout, error: WeirError, next: 'retry' | 'failover'): void {
    const event = next === 'retry' ? 'Provider failed; trying again' : 'Provider failed; going on with the next';
    const facts = { ...about, reason: failureReason(error) };
    this.#tools.log.warn('4', event, { thread_id: threadId, ...facts });
    this.#order.span?.event(next, facts);
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#order;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = () => end(() => reject(signal.reason));
      const timer = this.#tools.wheel.timer(() => end(resolve));
      signal.addEventListener('abort', onAbort);
      timer.arm(ms);
    });
  }
}

/** Reports to a client whose head has left already that another target answers, before the first content does. */
export function onFailover(
  opening: { readonly target: SpanTarget; readonly answer: Promise<unknown> },
  report: (notice: NoticeEvent) => void,
): void {
  const named = opening.target;
  opening.answer.then(
    () => {
      const { provider, model } = opening.target;
      if (provider === named.provider && model === named.model) return;
      report({
        kind: 'failed_over',
        message: `${named.provider} failed before it said anything; ${provider} answers, as ${model}.`,
      });
    },
    () => {},
  );
}
