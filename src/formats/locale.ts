// What Weir writes for people is English, whatever language a browser or a machine has: all locales stand here.

export const LOCALE = 'en';

/** For dates and times: 24 hours, the day before the month. */
export const TIME_LOCALE = 'en-GB';

// Each takes milliseconds to make, and most processes need none: they are made when they are asked for.
let names: Intl.Collator | undefined;
let whole: Intl.NumberFormat | undefined;
let one: Intl.NumberFormat | undefined;

/** The order of names: app-2 before app-10. */
export function byName(a: string, b: string): number {
  names ??= new Intl.Collator(LOCALE, { numeric: true });
  return names.compare(a, b);
}

/** 1,234 */
export function formatWhole(value: number): string {
  whole ??= new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
  return whole.format(value);
}

/** 1,234.5 */
export function formatOneDecimal(value: number): string {
  one ??= new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return one.format(value);
}
