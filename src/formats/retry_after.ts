/** Longest wait that is believed, in seconds. */
const MAX_SECONDS = 86_400;

/** `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date. @returns seconds from now; undefined for neither */
export function retryAfterSeconds(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), MAX_SECONDS);
}
