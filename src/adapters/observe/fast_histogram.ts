import type { Registry } from 'prom-client';

/**
 * A histogram that counts in a typed array and makes Prometheus' lines only when it is scraped. To observe costs a short
 * search; the library's own histogram allocates several objects for each token.
 */
export class FastHistogram {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds in the unit of `observe`, ascending; `+Inf` is added */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
    const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: this.#values(name) });
    // The registry asks a metric for its name and its lines, nothing else.
    registry.registerMetric({ name, get, reset: () => this.reset() } as never);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }

  #values(name: string) {
    let count = 0;
    const values = Array.from(this.#counts, (own, at) => {
      count += own;
      const le = at < this.#bounds.length ? String(this.#bounds[at]) : '+Inf';
      return { value: count, labels: { le }, metricName: `${name}_bucket` };
    });
    const total = (value: number, metricName: string) => ({ value, labels: {}, metricName });
    return [...values, total(this.#sum, `${name}_sum`), total(count, `${name}_count`)];
  }
}
