import type { PrometheusMetrics } from '../adapters/observe/prometheus_metrics.ts';
import type { FakeUpstream } from '../adapters/providers/fake_upstream.ts';
import type { RedisConnection } from '../adapters/stores/redis/redis_connection.ts';
import { MemoryUsageStore } from '../adapters/stores/usage/memory_usage_store.ts';
import { RedisUsageStore } from '../adapters/stores/usage/redis_usage_store.ts';
import { namedModels, priceOf, type WeirConfig } from '../config/weir_config.ts';
import { keyIdOfAsker, userOfAsker } from '../core/access/asker.ts';
import type { KeyRing } from '../core/access/key_ring.ts';
import { type RateLimits, rateSubjects } from '../core/access/rate_limits.ts';
import type { RecordUsage } from '../core/usage/stream_usage.ts';
import { type Price, UsageLedger } from '../core/usage/usage_ledger.ts';
import { totalUsage, type UsageCounts } from '../formats/cluster/group_usage.ts';
import { USAGE_DAYS, USER_USAGE_DAYS, usageDays } from '../formats/cluster/usage_days.ts';
import {
  ANONYMOUS,
  DOCTOR_MODEL,
  OTHERS,
  type UsageRow,
  type UsageView,
  type UserUsage,
  type UserUsageView,
} from '../formats/cluster/usage_row.ts';

/** Of the metrics' label where the configuration does not name the model: clients may send any. */
const OTHER = 'other';
/** So many users a day, on one instance, have a row of their own. */
const MAX_USERS = 1_000;
/** So many are named in a view, which pages ask for every few seconds. */
const SHOWN_USERS = 500;

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
  const price: Price = (provider, model) => priceOf(config(), provider, model);
  const store = redis ? new RedisUsageStore(redis) : new MemoryUsageStore();
  const ledger = new UsageLedger(store, price, incarnation);
  ledger.start();
  const userStore = redis ? new RedisUsageStore(redis, 'user_usage', USER_USAGE_DAYS) : new MemoryUsageStore();
  const userLedger = new UsageLedger(userStore, price, incarnation, MAX_USERS);
  userLedger.start();
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
    ledger.record(keys ? keyIdOfAsker(userId) : ANONYMOUS, used);
    const user = keys && userOfAsker(userId);
    // A user's row is one over all models: its place is that of the model.
    if (user !== undefined) userLedger.record(keyIdOfAsker(userId), used, { provider: '', model: user });
  };
  return {
    record,
    /** @param count of days, 1 to 90. Rejects where the store does not answer */
    async view(count: number): Promise<UsageView> {
      const days = usageDays(Math.min(Math.max(1, count), USAGE_DAYS), Date.now());
      await ledger.flush();
      return { from: days[0] as string, to: days.at(-1) as string, rows: await store.read(days) };
    },
    /** The same by user. @param count of days, 1 to 7 */
    async viewOfUsers(count: number): Promise<UserUsageView> {
      const days = usageDays(Math.min(Math.max(1, count), USER_USAGE_DAYS), Date.now());
      await userLedger.flush();
      const users = usageOfUsers(await userStore.read(days));
      return { from: days[0] as string, to: days.at(-1) as string, users };
    },
    close: async () => {
      await Promise.all([ledger.stop(), userLedger.stop()]);
    },
  };
}

/** Of each user over the days; those beyond {@link SHOWN_USERS} go together, by key. */
function usageOfUsers(rows: readonly UsageRow[]): UserUsage[] {
  const users = [...Map.groupBy(rows, ({ key, model }) => `${key}/${model}`).values()].map((mine) => {
    const { key, model } = mine[0] as UsageRow;
    return addedUp(key, model, mine);
  });
  const named = users.filter(({ user }) => user !== OTHERS).sort((a, b) => tokensOf(b) - tokensOf(a));
  const rest = [...named.splice(SHOWN_USERS), ...users.filter(({ user }) => user === OTHERS)];
  return [...named, ...[...Map.groupBy(rest, ({ key }) => key)].map(([key, all]) => addedUp(key, OTHERS, all))];
}

function addedUp(key: string, user: string, used: readonly UsageCounts[]): UserUsage {
  const { name: _, requests: __, ...counts } = totalUsage(used);
  return { key, user, ...counts };
}

const tokensOf = ({ input_tokens, output_tokens }: UserUsage) => input_tokens + output_tokens;
