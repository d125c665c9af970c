import { BrokenCircuitError, CircuitState, CountBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { WeirError } from '../../protocol/error_code.ts';
import { countsAgainstProvider } from './attempt_failure.ts';

export type BreakerState = 'closed' | 'half_open' | 'open';

/** Half of the last twenty tries, of which there must be ten, so that one client's bad luck closes no provider. */
const WINDOW = { size: 20, minimumNumberOfCalls: 10, threshold: 0.49 };
/** Then it is left alone for so long, and asked by one request. */
const OPEN_MS = 5_000;

/**
 * Keeps requests from a provider that fails: they go on along their route at once, and it is not burdened. Only the
 * time up to the first byte counts; what breaks later is the stream's own story.
 */
export class ProviderBreaker {
  readonly #policy = circuitBreaker(
    handleWhen((error) => this.#counts(error)),
    { halfOpenAfter: OPEN_MS, breaker: new CountBreaker(WINDOW) },
  );
  #openedAt = 0;

  constructor() {
    this.#policy.onBreak(() => {
      this.#openedAt = Date.now();
    });
  }

  get state(): BreakerState {
    switch (this.#policy.state) {
      case CircuitState.Closed:
        return 'closed';
      case CircuitState.HalfOpen:
        return 'half_open';
      default:
        return 'open';
    }
  }

  /** How long nobody should come, in milliseconds; 0 where a request may, be it as the one probe. */
  get blockedMs(): number {
    if (this.state === 'closed') return 0;
    // The probe's end is not known; a moment later it may be over.
    if (this.state === 'half_open') return 1_000;
    return Math.max(0, this.#openedAt + OPEN_MS - Date.now());
  }

  /** @throws what `work` throws; WeirError service_unavailable where it is not let through */
  async run<T>(provider: string, work: () => Promise<T>): Promise<T> {
    if (this.blockedMs > 0) throw blocked(provider, this.blockedMs);
    try {
      return await this.#policy.execute(work);
    } catch (error) {
      throw error instanceof BrokenCircuitError ? blocked(provider, this.blockedMs) : error;
    }
  }

  /** A probe that was cancelled has proved nothing: the circuit stays open, and the next one is tried later. */
  #counts(error: unknown): boolean {
    if (!(error instanceof WeirError)) return false;
    return countsAgainstProvider(error) || (this.state === 'half_open' && error.status === 499);
  }
}

function blocked(provider: string, ms: number): WeirError {
  return new WeirError('service_unavailable', {
    message: `The provider ${provider} fails at the moment and is left alone; try again shortly.`,
    details: { reason: 'breaker', provider },
    retryAfter: Math.max(1, Math.ceil(ms / 1000)),
  });
}
