/** Cuts secrets out of a text. @param text as it is, or UTF-8 with one character a byte */
export type Redact = (text: string) => string;

/** Signs that JSON may write with a backslash before them. */
const ESCAPED = new Set(['"', '\\', '/']);

/** Finds secrets as they are, and as JSON may write them, also JSON inside of JSON. Made once for each provider. */
export function redactor(secrets: readonly string[]): Redact {
  if (secrets.length === 0) return (text) => text;
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length);
  const pattern = new RegExp(longestFirst.map((secret) => [...secret].map(anyFormOf).join('')).join('|'), 'g');
  const plain = secrets.flatMap((secret) => [secret, bytesOf(secret)]);
  // Most texts have neither, and a plain search costs a tenth.
  const mayHold = (text: string) => text.includes('\\') || plain.some((secret) => text.includes(secret));
  return (text) => (mayHold(text) ? text.replace(pattern, '[key]') : text);
}

/** UTF-8, one character a byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function anyFormOf(sign: string): string {
  const plain = RegExp.escape(sign);
  const code = sign.charCodeAt(0).toString(16).padStart(4, '0');
  const hex = [...code].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('');
  const forms = [ESCAPED.has(sign) ? `\\\\*${plain}` : plain, `\\\\+u${hex}`];
  const bytes = bytesOf(sign);
  if (bytes !== sign) forms.push(RegExp.escape(bytes));
  return `(?:${forms.join('|')})`;
}
