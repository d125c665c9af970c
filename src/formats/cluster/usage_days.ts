// Apart from the schema of usage: the page and the supervisor need the days, and no zod.

/** For so many days usage is kept. */
export const USAGE_DAYS = 90;
/** Usage of users, who may be many, is kept for so many. */
export const USER_USAGE_DAYS = 7;

/** The UTC days up to `now`, the oldest first. */
export function usageDays(count: number, now: number): string[] {
  return Array.from({ length: count }, (_, at) => dayOf(now - (count - 1 - at) * 86_400_000));
}

/** @param now milliseconds since 1970 */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}
