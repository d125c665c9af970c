import type { MessagePart } from './generation_request.ts';

type FilePart = Extract<MessagePart, { type: 'file' }>;

/** A file of plain text, for formats that have no such part. */
export function fileText({ name, text }: FilePart): string {
  return name === undefined ? (text ?? '') : `${name}\n\n${text ?? ''}`;
}

/** How a failed tool's result begins where a format has no mark for it. */
const FAILED = 'Error: ';

/** @returns the parts of a result, which say that it failed, for formats that have no mark for it */
export function resultParts(parts: readonly MessagePart[], failed: boolean): readonly MessagePart[] {
  if (!failed) return parts;
  const first = parts.find((part) => part.type === 'text');
  if (first && /error/i.test(first.text.slice(0, 64))) return parts;
  return [{ type: 'text', text: first ? FAILED.trimEnd() : 'Error' }, ...parts];
}
