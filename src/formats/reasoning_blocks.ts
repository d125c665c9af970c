import type { MessagePart } from './generation_request.ts';
import type { ReasoningSeal } from './stream_part.ts';

/** One stretch of reasoning with the seal that ends it, if there is one. */
export interface ReasoningBlock {
  type: 'reasoning_block';
  text: string;
  seal: ReasoningSeal | undefined;
}

/** Parts of a message, where reasoning is whole. */
export type WholePart = Exclude<MessagePart, { type: 'reasoning' | 'reasoning_seal' }> | ReasoningBlock;

/** Joins the pieces of reasoning; a seal, or a part of another kind, ends a block. */
export function wholeParts(parts: readonly MessagePart[]): WholePart[] {
  const whole: WholePart[] = [];
  let open: ReasoningBlock | undefined;
  for (const part of parts) {
    if (part.type !== 'reasoning' && part.type !== 'reasoning_seal') {
      open = undefined;
      whole.push(part);
      continue;
    }
    if (!open) {
      open = { type: 'reasoning_block', text: '', seal: undefined };
      whole.push(open);
    }
    if (part.type === 'reasoning') open.text += part.text;
    else {
      open.seal = part.seal;
      open = undefined;
    }
  }
  return whole;
}

/** The same without reasoning at the end: providers refuse reasoning that nothing follows. */
export function withoutLastReasoning(parts: readonly WholePart[]): readonly WholePart[] {
  const last = parts.findLastIndex(({ type }) => type !== 'reasoning_block');
  return parts.slice(0, last + 1);
}
