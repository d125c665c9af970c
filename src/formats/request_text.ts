import type { MessagePart } from './generation_request.ts';

type FilePart = Extract<MessagePart, { type: 'file' }>;

/** A file of plain text, for formats that have no such part. */
export function fileText({ name, text }: FilePart): string {
  return name === undefined ? (text ?? '') : `${name}\n\n${text ?? ''}`;
}

/** @returns the parts of a result, which say in words that it failed, for formats that have no mark for it */
export function resultParts(parts: readonly MessagePart[], failed: boolean): readonly MessagePart[] {
  if (!failed) return parts;
  const [first, ...others] = parts;
  if (first?.type !== 'text') return [{ type: 'text', text: 'Error' }, ...parts];
  return /error/i.test(first.text.slice(0, 64)) ? parts : [{ ...first, text: `Error: ${first.text}` }, ...others];
}
