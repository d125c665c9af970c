import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CacheKind, CacheObserver, Outcome, SlotObserver, StreamObserver } from '../../core/observe/observers.ts';
import type { PoolView } from '../../formats/cluster/cluster_view.ts';
import type { ErrorCode } from '../../formats/error_code.ts';
import type { Usage } from '../../formats/weir/stream_event.ts';
import { FastHistogram } from './fast_histogram.ts';
import { Counter, Gauge, Registry } from './prometheus_parts.ts';

/** Seconds, from a token's gap to a long answer. */
const GAP_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const TTFT_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60];
const DURATION_BOUNDS = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900];

/** What an instance counts. No label holds a user: their number has no bound. */
export class PrometheusMetrics implements StreamObserver, SlotObserver, CacheObserver {
  readonly registry = new Registry();
  readonly #streams = new Counter({
    name: 'weir_streams_total',
    help: 'Streams that were admitted and have ended, by outcome',
    labelNames: ['outcome', 'provider'],
    registers: [this.registry],
  });
  readonly #active = new Gauge({
    name: 'weir_active_streams',
    help: 'Streams open now',
    registers: [this.registry],
  });
  readonly #refusals = new Counter({
    name: 'weir_refusals_total',
    help: 'Requests refused before a stream began, by code',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly #tokens = new Counter({
    name: 'weir_tokens_total',
    help: 'Tokens of streams that have ended, estimated where the provider counts none',
    labelNames: ['direction', 'provider', 'model'],
    registers: [this.registry],
  });
  readonly #cachedInput = new Counter({
    name: 'weir_cached_input_tokens_total',
    help: 'Input tokens that providers took from their prompt caches, as they reported them',
    labelNames: ['provider', 'model'],
    registers: [this.registry],
  });
  readonly #takeovers = new Counter({
    name: 'weir_takeovers_total',
    help: 'Streams of dead instances that went on here',
    registers: [this.registry],
  });
  readonly #unlogged = new Counter({
    name: 'weir_unlogged_streams_total',
    help: 'Resumable streams that got the notice not_resumable, because Redis did not answer',
    registers: [this.registry],
  });
  readonly #cached = new Counter({
    name: 'weir_cache_total',
    help: 'Requests of routes that keep answers: hit, miss, or shared with an equal one under way',
    labelNames: ['result'],
    registers: [this.registry],
  });
  readonly #slotsLost = new Counter({
    name: 'weir_slots_lost_total',
    help: 'Streams that lost their slot while they ran: they gave way, or this process was paused for too long',
    registers: [this.registry],
  });
  readonly #staticDecisions = new Counter({
    name: 'weir_static_decisions_total',
    help: 'Requests granted or refused by the static share, because Redis did not answer',
    registers: [this.registry],
  });
  readonly #ttft = this.#histogram('weir_ttft_seconds', 'Request to first content', TTFT_BOUNDS);
  readonly #gap = this.#histogram('weir_inter_chunk_seconds', 'Between two pieces of content', GAP_BOUNDS);
  readonly #duration = this.#histogram('weir_stream_duration_seconds', 'Request to terminal event', DURATION_BOUNDS);
  #admitted = 0;

  /** @param pool read at each scrape */
  constructor(pool: () => PoolView) {
    this.#gauge('weir_pool_connections', 'Slots taken', () => pool().total_connections);
    this.#gauge('weir_pool_connections_max', 'Slots there are', () => pool().max_connections);
    this.#gauge('weir_pool_users', 'Users that hold a slot', () => pool().users);
    const lag = monitorEventLoopDelay({ resolution: 20 });
    lag.enable();
    this.#gauge('weir_event_loop_lag_p99_seconds', 'Event loop lag since the last scrape, p99', () => {
      const p99 = lag.percentile(99) / 1e9;
      lag.reset();
      return Number.isFinite(p99) ? p99 : 0;
    });
    this.#gauge('weir_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  }

  /** Streams admitted since the start. */
  get admitted(): number {
    return this.#admitted;
  }

  opened(): void {
    this.#admitted += 1;
    this.#active.inc();
  }

  firstToken(ms: number): void {
    this.#ttft.observe(ms / 1000);
  }

  gap(ms: number): void {
    this.#gap.observe(ms / 1000);
  }

  closed(outcome: Outcome, provider: string, ms: number): void {
    this.#active.dec();
    this.#streams.inc({ outcome, provider });
    this.#duration.observe(ms / 1000);
  }

  refused(code: ErrorCode): void {
    this.#refusals.inc({ code });
  }

  /** @param model one of a bounded set of names */
  tokens(provider: string, model: string, { input_tokens, output_tokens, cached_input_tokens = 0 }: Usage): void {
    this.#tokens.inc({ direction: 'input', provider, model }, input_tokens);
    this.#tokens.inc({ direction: 'output', provider, model }, output_tokens);
    // Also with 0, so that a share can be computed.
    this.#cachedInput.inc({ provider, model }, cached_input_tokens);
  }

  tookOver(): void {
    this.#takeovers.inc();
  }

  wentUnlogged(): void {
    this.#unlogged.inc();
  }

  cached(result: CacheKind): void {
    this.#cached.inc({ result });
  }

  slotLost(): void {
    this.#slotsLost.inc();
  }

  decidedStatically(): void {
    this.#staticDecisions.inc();
  }

  #histogram(name: string, help: string, bounds: readonly number[]): FastHistogram {
    return new FastHistogram(this.registry, name, help, bounds);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: function collect() {
        this.set(read());
      },
    });
  }
}
