import { z } from 'zod';

const count = z.number().int().min(0);

/** What streams of one key have used of one model on one day. */
export const usageRowSchema = z.object({
  /** `2026-11-25`, in UTC. */
  day: z.iso.date(),
  /** A key's id, or {@link ANONYMOUS}. */
  key: z.string(),
  provider: z.string(),
  /** As the client asked for it: a route, or the provider's name for it. */
  model: z.string(),
  /** Streams, and whole answers, that came to their end; were left by their client; and failed. */
  ok: count,
  cancelled: count,
  failed: count,
  input_tokens: count,
  output_tokens: count,
  /** How many of the input the provider took from its prompt cache. Older instances do not say. */
  cached_input_tokens: count.default(0),
  /** How many of those tokens are an estimate, because the provider counted none. */
  estimated_tokens: count,
  /** Null where the configuration names no price. */
  cost_usd: z.number().min(0).nullable(),
});
export type UsageRow = z.output<typeof usageRowSchema>;

/** Usage by days. */
export const usageViewSchema = z.object({ from: z.iso.date(), to: z.iso.date(), rows: z.array(usageRowSchema) });
export type UsageView = z.output<typeof usageViewSchema>;

/** What streams of one user of a key that acts for users have used, over all models and some days. */
export const userUsageSchema = usageRowSchema.omit({ day: true, provider: true, model: true }).extend({
  /** As the key's holder names it; {@link OTHERS} for all beyond a number. */
  user: z.string(),
});
export type UserUsage = z.output<typeof userUsageSchema>;

/** Usage of users, those with the most tokens first. */
export const userUsageViewSchema = z.object({ from: z.iso.date(), to: z.iso.date(), users: z.array(userUsageSchema) });
export type UserUsageView = z.output<typeof userUsageViewSchema>;

/** The name for all that are not named, as there are too many. */
export const OTHERS = '(others)';

/** The user where no key is needed: addresses are not kept. */
export const ANONYMOUS = 'anonymous';

/** What the doctor asks the built-in provider for. It is no usage: no client asked for it, and it costs nothing. */
export const DOCTOR_MODEL = 'doctor';
