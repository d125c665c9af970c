import type { PrometheusMetrics } from '../adapters/observe/prometheus_metrics.ts';
import type { FakeUpstream } from '../adapters/providers/fake_upstream.ts';
import type { RedisConnection } from '../adapters/stores/redis/redis_connection.ts';
import { MemoryUsageStore } from '../adapters/stores/usage/memory_usage_store.ts';
import { RedisUsageStore } from '../adapters/stores/usage/redis_usage_store.ts';
import { namedModels, priceOf, type WeirConfig } from '../config/weir_config.ts';
import type { KeyRing } from '../core/access/key_ring.ts';
import { type RateLimits, rateSubjects } from '../core/access/rate_limits.ts';
import type { RecordUsage } from '../core/usage/stream_usage.ts';
import { UsageLedger } from '../core/usage/usage_ledger.ts';
import { USAGE_DAYS, usageDays } from '../formats/cluster/usage_days.ts';
import { ANONYMOUS, DOCTOR_MODEL, type UsageView } from '../formats/cluster/usage_row.ts';

/** Of the metrics' label where the configuration does not name the model: clients may send any. */
const OTHER = 'other';

interface UsageParts {
  redis: RedisConnection | undefined;
  incarnation: string;
  metrics: PrometheusMetrics;
  /** It takes any name for a model. */
  fake: Pick<FakeUpstream, 'name' | 'models'>;
  /** As it is now. */
  config: () => WeirConfig;
  /** Where clients have keys. */
  keys: { ring: KeyRing; limits: RateLimits } | undefined;
}

/** Who hears what a stream has used: the key's limit per minute, the metrics, and the ledger. */
export function buildUsage({ redis, incarnation, metrics, fake, config, keys }: UsageParts) {
  const store = redis ? new RedisUsageStore(redis) : new MemoryUsageStore();
  const ledger = new UsageLedger(store, (provider, model) => priceOf(config(), provider, model), incarnation);
  ledger.start();
  const labelOf = (provider: string, model: string) => {
    const isNamed =
      provider === fake.name ? fake.models.includes(model) : namedModels(config(), provider).includes(model);
    return isNamed ? model : OTHER;
  };
  const record: RecordUsage = (used) => {
    const { userId, provider, model, route, usage } = used;
    const key = keys?.ring.ofAsker(userId);
    const subjects = key ? rateSubjects({ key, id: userId }) : [];
    for (const subject of subjects) keys?.limits.charge(subject, usage.input_tokens + usage.output_tokens);
    if (provider === fake.name && model === DOCTOR_MODEL) return;
    metrics.tokens(provider, route ?? labelOf(provider, model), usage);
    // Users without a key are addresses, which are not kept.
    ledger.record(keys ? userId : ANONYMOUS, used);
  };
  return {
    record,
    /** @param count of days, 1 to 90. Rejects where the store does not answer */
    async view(count: number): Promise<UsageView> {
      const days = usageDays(Math.min(Math.max(1, count), USAGE_DAYS), Date.now());
      await ledger.flush();
      return { from: days[0] as string, to: days.at(-1) as string, rows: await store.read(days) };
    },
    close: () => ledger.stop(),
  };
}
