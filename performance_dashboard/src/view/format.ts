const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 1,234 */
export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** Milliseconds without their unit: below 100 with one decimal, as no more than three digits mean anything. */
export function formatMs(value: number): string {
  return value < 100 ? ONE.format(value) : WHOLE.format(value);
}

/** 33 %, and < 1 % where it would read as none. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 0.5 ? '< 1 %' : `${WHOLE.format(percent)} %`;
}

/** 4.2 s, from milliseconds. */
export function formatSeconds(ms: number): string {
  return `${ONE.format(ms / 1000)} s`;
}

/** 3.9: per second, with one decimal below 100. */
export function formatRate(perSecond: number): string {
  return perSecond < 100 ? ONE.format(perSecond) : WHOLE.format(perSecond);
}
