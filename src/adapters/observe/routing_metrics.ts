import type { Counter as CounterType, Registry } from 'prom-client';
import type { AttemptAbout, RoutingObserver } from '../../core/observe/observers.ts';
import { failureReason } from '../../core/routing/attempt_failure.ts';
import type { BreakerState } from '../../core/routing/provider_breaker.ts';
import type { WeirError } from '../../formats/error_code.ts';
import { Counter, Gauge } from './prometheus_parts.ts';

const STATE_VALUES: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 };

/** What is counted before an answer has begun. Reasons are few: a status, or one of a handful of words. */
export class RoutingMetrics implements RoutingObserver {
  readonly #retries: CounterType;
  readonly #failovers: CounterType;

  /** @param breakers state of each provider's, read at each scrape */
  constructor(registry: Registry, breakers: () => Record<string, BreakerState>) {
    const labelNames = ['provider', 'reason'];
    const registers = [registry];
    this.#retries = new Counter({
      name: 'weir_retries_total',
      help: 'Tries that failed before any content and were followed by another at the same provider',
      labelNames,
      registers,
    });
    this.#failovers = new Counter({
      name: 'weir_failovers_total',
      help: 'Requests that left this provider for the next target of their route',
      labelNames,
      registers,
    });
    new Gauge({
      name: 'weir_breaker_state',
      help: 'Circuit breaker of a provider: 0 closed, 1 half open, 2 open',
      labelNames: ['provider'],
      registers,
      collect() {
        // A reload may have taken providers away.
        this.reset();
        for (const [provider, state] of Object.entries(breakers())) this.set({ provider }, STATE_VALUES[state]);
      },
    });
  }

  attemptStarted(): void {}

  attemptSucceeded(): void {}

  attemptFailed({ provider }: AttemptAbout, error: WeirError, next: 'retry' | 'failover' | 'none'): void {
    if (next === 'none') return;
    const counter = next === 'retry' ? this.#retries : this.#failovers;
    counter.inc({ provider, reason: failureReason(error) });
  }
}
