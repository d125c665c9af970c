// What Weir writes for people is English, whatever language a browser or a machine has: all locales stand here.

export const LOCALE = 'en';

/** For dates and times: 24 hours, the day before the month. */
export const TIME_LOCALE = 'en-GB';

const NAMES = new Intl.Collator(LOCALE, { numeric: true });
const WHOLE = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** The order of names: app-2 before app-10. */
export const byName: (a: string, b: string) => number = NAMES.compare;

/** 1,234 */
export function formatWhole(value: number): string {
  return WHOLE.format(value);
}

/** 1,234.5 */
export function formatOneDecimal(value: number): string {
  return ONE.format(value);
}
