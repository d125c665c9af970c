import { WeirError } from '../../formats/error_code.ts';
import { countsAgainstProvider } from './attempt_failure.ts';

export type BreakerState = 'closed' | 'half_open' | 'open';

/** So many calls are looked at; the circuit opens when at least half of them failed, and there were … */
const WINDOW = 20;
/** … so many, so that bad luck closes no provider. */
const MIN_CALLS = 10;
/** While others ask too, so many calls of one user are looked at: a crowd of them hides nothing. */
const OF_ONE_USER = WINDOW / 2;
/** A success of another user that is older says nothing about now. */
const RECENT_MS = 30_000;
/** Then the provider is left alone for so long, and asked by one request. */
const OPEN_MS = 5_000;
/** So much longer for the user whose probe failed, where others want to ask: it is their turn. */
const NEXT_TURN_MS = 1_000;

interface Call {
  user: string;
  failed: boolean;
  /** When it ended, by the breaker's clock. */
  at: number;
}

/**
 * Keeps requests from a provider that fails: they go on along their route at once, and it is not burdened. Only the
 * time up to the first byte counts; what breaks later is the stream's own story.
 *
 * While calls of other users succeed, the failures of one user are at most half of what opens the circuit: what one
 * client asks for must not take the provider from all others.
 */
export class ProviderBreaker {
  readonly #now: () => number;
  #state: BreakerState = 'closed';
  #calls: Call[] = [];
  #openedAt = 0;
  /** Counts changes of state: what a call that began before the last one ends with is not looked at. */
  #changes = 0;
  #failedProber: string | undefined;
  #othersAsk = false;

  /** @param now milliseconds by a clock that is never set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** How long this user's requests should stay away, in milliseconds; 0 where one may come, be it as the one probe. */
  blockedMs(user: string): number {
    if (this.#state === 'closed') return 0;
    // The probe's end is not known; a moment later it may be over.
    if (this.#state === 'half_open') return 1_000;
    const turn = this.#othersAsk && user === this.#failedProber ? NEXT_TURN_MS : 0;
    return Math.max(0, this.#openedAt + OPEN_MS + turn - this.#now());
  }

  /** @throws what `work` throws; WeirError service_unavailable where it is not let through */
  async run<T>(provider: string, user: string, work: () => Promise<T>): Promise<T> {
    const blockedMs = this.blockedMs(user);
    if (blockedMs > 0) {
      if (user !== this.#failedProber) this.#othersAsk = true;
      throw blocked(provider, blockedMs);
    }
    const isProbe = this.#state === 'open';
    if (isProbe) this.#become('half_open');
    const change = this.#changes;
    try {
      const result = await work();
      if (change === this.#changes) this.#succeeded(user, isProbe);
      return result;
    } catch (error) {
      if (change === this.#changes) this.#failed(user, isProbe, error);
      throw error;
    }
  }

  #succeeded(user: string, isProbe: boolean): void {
    if (isProbe) this.#close();
    else this.#add(user, false);
  }

  #failed(user: string, isProbe: boolean, error: unknown): void {
    const counts = error instanceof WeirError && countsAgainstProvider(error);
    // A probe that was cancelled has proved nothing.
    const isNoProof = error instanceof WeirError && error.status === 499;
    if (isProbe && (counts || isNoProof)) {
      this.#open();
      this.#failedProber = user;
    } else if (isProbe) {
      this.#close();
    } else if (counts) {
      this.#add(user, true);
      if (this.#isIll()) this.#open();
    }
  }

  #add(user: string, failed: boolean): void {
    this.#calls.push({ user, failed, at: this.#now() });
    if (this.#calls.length <= WINDOW) return;
    const crowd = this.#crowd();
    this.#calls.splice(crowd === undefined ? 0 : this.#calls.findIndex((call) => call.user === crowd), 1);
  }

  /** The user with more calls than are looked at beside those of others. */
  #crowd(): string | undefined {
    const counts = new Map<string, number>();
    for (const { user } of this.#calls) counts.set(user, (counts.get(user) ?? 0) + 1);
    if (counts.size === 1) return undefined;
    for (const [user, count] of counts) if (count > OF_ONE_USER) return user;
    return undefined;
  }

  #isIll(): boolean {
    const calls = this.#calls;
    if (calls.length < MIN_CALLS) return false;
    const needed = calls.length / 2;
    const failures = new Map<string, number>();
    for (const { user, failed } of calls) if (failed) failures.set(user, (failures.get(user) ?? 0) + 1);
    let counted = 0;
    for (const [user, count] of failures) {
      counted += this.#othersSucceed(user) ? Math.min(count, needed / 2) : count;
    }
    return counted >= needed;
  }

  #othersSucceed(than: string): boolean {
    const since = this.#now() - RECENT_MS;
    return this.#calls.some(({ user, failed, at }) => user !== than && !failed && at >= since);
  }

  #open(): void {
    this.#become('open');
    this.#openedAt = this.#now();
    this.#othersAsk = false;
    this.#failedProber = undefined;
  }

  #close(): void {
    this.#become('closed');
    this.#calls = [];
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#changes += 1;
  }
}

function blocked(provider: string, ms: number): WeirError {
  return new WeirError('service_unavailable', {
    message: `The provider ${provider} fails at the moment and is left alone; try again shortly.`,
    details: { reason: 'breaker', provider },
    retryAfter: Math.max(1, Math.ceil(ms / 1000)),
  });
}
