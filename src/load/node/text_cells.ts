/** Wraps a text in a terminal style; the identity where there are no colours. */
export type Style = (format: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string) => string;

/** Three digits, no unit. */
export function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`;
}

export function pad(text: string, width: number): string {
  return text.padEnd(width);
}

export function right(value: string | number, width: number): string {
  return String(value).padStart(width);
}
